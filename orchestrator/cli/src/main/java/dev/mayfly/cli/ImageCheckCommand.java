package dev.mayfly.cli;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.BundleContentView;
import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.SessionRequest;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.Session;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Boots an image and tries what jobs need. */
@Command(
    name = "check",
    description = {
      "Boot an image and try what jobs need of a machine: mounts, cgroups, namespaces, devices,"
          + " netfilter, DNS, clocks, files and more.",
      "It ends with 0 when nothing failed, with 1 when something did. Nothing of the image but its"
          + " kernel is asked, so any image with our agent can be checked."
    },
    sortOptions = false)
final class ImageCheckCommand implements Callable<Integer> {
  private static final int FAILED = 1;

  /** In memory, so that not even the microVM's own disk is touched. */
  private static final String DIRECTORY = "/run/mayfly-check";

  /** By number, because an image need not have a list of users. */
  private static final String ROOT = "0:0";

  /** All checks together stay below ten minutes, each by its own limit. */
  private static final int TIMEOUT_SECONDS = 1800;

  /** The list has two kilobytes. */
  private static final int MAX_OUTPUT = 64 * 1024;

  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--json", description = "print a JSON array of checks")
  boolean json;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = Sizes.class,
      description = "memory, for example 512M or 4G (default 512M)")
  @Nullable Integer memoryMib;

  @Parameters(
      paramLabel = "NAME",
      converter = ImageArgument.class,
      description = "for example debian:12")
  @Nullable ImageRef image;

  ImageCheckCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    MayflyClient client = new Connection(surroundings).client();
    String architecture = architecture(client, Objects.requireNonNull(image));
    JobId id = JobId.parse(SessionStartCommand.submit(client, request()).id());
    WaitingReport waiting = new WaitingReport(client, id, surroundings.output());
    waiting.start();
    try (Session session = client.session(id)) {
      JobView ready = session.awaitReady().orElseThrow(() -> JobArgument.none(id));
      waiting.stop();
      if (ready.outcome() != null) {
        return Outcomes.report(ready, surroundings.output());
      }
      CheckList list;
      try {
        list = check(session, architecture);
      } finally {
        release(session);
      }
      show(list);
      return list.passed() ? ExitCode.OK.code() : FAILED;
    } finally {
      waiting.stop();
    }
  }

  /** An image that is yet to be made by its first use can only be one for this architecture. */
  private static String architecture(MayflyClient client, ImageRef image)
      throws CommandFailed, IOException, InterruptedException {
    Optional<ImageView> known = client.image(image);
    BundleContentView content = known.map(ImageView::bundle).orElse(null);
    if (content != null && content.guest().equals("CONSOLE")) {
      throw new CommandFailed(
          ExitCode.REFUSED,
          image + " has no agent in it, only a console, so nothing can be started in it to check");
    }
    return known.map(ImageView::architecture).orElse("x86_64");
  }

  private JobRequest request() {
    return new JobRequest(
        String.valueOf(image),
        null,
        null,
        null,
        ROOT,
        memoryMib == null ? null : new ShapeRequest(null, memoryMib, null),
        null,
        TIMEOUT_SECONDS,
        null,
        new SessionRequest(null, null),
        null,
        null,
        null,
        null,
        null,
        null);
  }

  private CheckList check(Session session, String architecture)
      throws CommandFailed, IOException, InterruptedException {
    session.upload(DIRECTORY, CheckProgram.archive(architecture));
    String now = Long.toString(Instant.now().getEpochSecond());
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    ExecView ended =
        session
            .open(ExecRequest.of(DIRECTORY + "/" + CheckProgram.NAME, "--time", now))
            .follow(piece -> {
              if (piece.stream() == LogStream.STDOUT && said.size() < MAX_OUTPUT) {
                said.writeBytes(piece.bytes());
              } else if (piece.stream() == LogStream.STDERR) {
                surroundings.output().stderr(piece.bytes());
              }
              return true;
            });
    CheckList list = CheckList.parse(said.toString(StandardCharsets.UTF_8));
    OutcomeView outcome = ended.outcome();
    Integer code = outcome == null ? null : outcome.exitCode();
    boolean toldAll = code != null && (code == 0) == list.passed() && code <= FAILED;
    if (!toldAll) {
      throw new CommandFailed(
          ExitCode.FAULT,
          "the list did not come to its end ("
              + (outcome == null ? "the session ended" : Outcomes.describe(outcome))
              + ") after "
              + list.summary());
    }
    return list;
  }

  /** When that fails, the session ends by its lease. */
  private void release(Session session) throws InterruptedException {
    try {
      session.release(0);
    } catch (MayflyException unanswered) {
      surroundings
          .output()
          .sayIfPossible("the session was not released: " + unanswered.getMessage());
    }
  }

  private void show(CheckList list) throws OutputClosed {
    if (json) {
      surroundings.output().print(JsonLists.of(list.lines(), ImageCheckCommand::json));
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("CHECK", "RESULT", ""));
    for (CheckList.Line line : list.lines()) {
      rows.add(List.of(line.name(), word(line), line.detail()));
    }
    surroundings.output().print(Tables.of(rows) + image + ": " + list.summary() + "\n");
  }

  private static String word(CheckList.Line line) {
    return line.result().name().toLowerCase(Locale.ROOT);
  }

  private static JsonValue json(CheckList.Line line) {
    Map<String, JsonValue> members = new LinkedHashMap<>();
    members.put("check", new JsonText(line.name()));
    members.put("result", new JsonText(word(line)));
    members.put("detail", new JsonText(line.detail()));
    return new JsonObject(members);
  }
}
