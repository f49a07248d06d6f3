package dev.mayfly.core.image;

import static dev.mayfly.core.job.Examples.NOON;

import dev.mayfly.api.Blame;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.StateTable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Builds in every state, the events they may meet, and the table of both. */
public final class ImageBuildTable {
  public static final WorkerId ITS = new WorkerId(new UUID(0, 1));
  public static final WorkerId OTHER = new WorkerId(new UUID(0, 2));

  private ImageBuildTable() {}

  public static ImageBuild requested(String image) {
    return ImageBuild.requested(
        ImageBuildId.of(NOON.toEpochMilli(), UUID.randomUUID()),
        new ImageBuild.Spec(
            new ImageRef(image),
            "registry:" + image,
            "",
            PublicationCause.FIRST_USE,
            Optional.empty()),
        NOON);
  }

  public static ImageBuild after(ImageBuild build, ImageBuildEvent event) {
    return ((ImageBuildStep.Changed) ImageBuildMachine.apply(build, event)).build();
  }

  public static LinkedHashMap<String, ImageBuild> states() {
    ImageBuild queued = requested("maven:3");
    ImageBuild running = after(queued, new ImageBuildEvent.Given(ITS, NOON));
    ImageBuild lost = after(running, new ImageBuildEvent.Lost(ITS, "gone", NOON));
    ImageBuild last =
        after(
            after(
                after(lost, new ImageBuildEvent.Given(ITS, NOON)),
                new ImageBuildEvent.Lost(ITS, "gone", NOON)),
            new ImageBuildEvent.Given(ITS, NOON));
    LinkedHashMap<String, ImageBuild> states = new LinkedHashMap<>();
    states.put("Queued", queued);
    states.put("Queued, tried before", lost);
    states.put("Running", running);
    states.put("Running, last attempt", last);
    states.put("Running, cancel wanted", after(running, new ImageBuildEvent.CancelRequested(NOON)));
    states.put(
        "Ended", after(running, reported(ITS, new ImageBuildState.End.Succeeded(Examples.BUNDLE))));
    return states;
  }

  private static ImageBuildEvent reported(WorkerId worker, ImageBuildState.End end) {
    return new ImageBuildEvent.Reported(worker, end, NOON);
  }

  public static LinkedHashMap<String, ImageBuildEvent> events() {
    LinkedHashMap<String, ImageBuildEvent> events = new LinkedHashMap<>();
    events.put("Given", new ImageBuildEvent.Given(ITS, NOON));
    events.put(
        "Reported(Succeeded)",
        reported(
            ITS, new ImageBuildState.End.Succeeded(new BundleDigest(Examples.BUNDLE.value()))));
    events.put("Reported(Unchanged)", reported(ITS, new ImageBuildState.End.Unchanged()));
    for (Blame blame : List.of(Blame.USER, Blame.EXTERNAL, Blame.PLATFORM, Blame.CAPACITY)) {
      events.put(
          "Reported(Failed(" + blame + "))",
          reported(ITS, new ImageBuildState.End.Failed(blame, "no")));
    }
    events.put(
        "Reported(Succeeded) by another worker",
        reported(OTHER, new ImageBuildState.End.Succeeded(Examples.BUNDLE)));
    events.put("Lost", new ImageBuildEvent.Lost(ITS, "gone", NOON));
    events.put("Lost, another worker", new ImageBuildEvent.Lost(OTHER, "gone", NOON));
    events.put("TimedOut", new ImageBuildEvent.TimedOut(NOON));
    events.put("CancelRequested", new ImageBuildEvent.CancelRequested(NOON));
    return events;
  }

  public static StateTable table() {
    return StateTable.of(
        states(), events(), (build, event) -> describe(ImageBuildMachine.apply(build, event)));
  }

  private static String describe(ImageBuildStep step) {
    return switch (step) {
      case ImageBuildStep.Unchanged _ -> "=";
      case ImageBuildStep.Refused _ -> "refused";
      case ImageBuildStep.Changed(ImageBuild build) ->
          switch (build.state()) {
            case ImageBuildState.Queued _ -> "Queued, tried before";
            case ImageBuildState.Running _ ->
                build.cancelRequested() ? "Running, cancel wanted" : "Running";
            case ImageBuildState.Ended ended ->
                "Ended: "
                    + switch (ended.end()) {
                      case ImageBuildState.End.Succeeded _ -> "Succeeded";
                      case ImageBuildState.End.Unchanged _ -> "Unchanged";
                      case ImageBuildState.End.Failed(Blame blame, var _) ->
                          "Failed(" + blame + ")";
                      case ImageBuildState.End.Cancelled _ -> "Cancelled";
                    };
          };
    };
  }
}
