package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonWriter;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RestJsonTest {
  private static final JobView JOB =
      new JobView(
          "id",
          "FINISHED",
          "debian:12",
          "sha256:ab",
          List.of("sh", "-c", "echo ä🪰"),
          "/workspace",
          "root",
          new ShapeView(1, 2, 3),
          "USER",
          60,
          "t",
          "no room",
          true,
          "w",
          new OutcomeView("FAULTED", 1, "OUT_OF_MEMORY", "USER", "too much"),
          List.of(new PhaseView("QUEUED", "t", 0), new PhaseView("ENDED", "t", 5_000_000_000L)),
          2,
          1L << 40,
          "qemu",
          "6.1",
          77);

  @Test
  void everyRecordSurvivesTheWayThereAndBack() throws Exception {
    JobRequest request =
        new JobRequest(
            "debian:12",
            List.of("a", ""),
            Map.of("K", "V=\n"),
            "/w",
            "1:2",
            new ShapeRequest(1, null, 3),
            "NONE",
            5);
    assertThat(RestJson.jobRequest(again(RestJson.of(request)))).isEqualTo(request);
    assertThat(RestJson.jobView(again(RestJson.of(JOB)))).isEqualTo(JOB);
    WorkerView worker =
        new WorkerView(
            "i",
            "n",
            "ONLINE",
            "1",
            "x86_64",
            "6",
            new ShapeView(1, 2, 3),
            new ShapeView(0, 0, 0),
            List.of(new WorkerView.VmmView("qemu", "7", "kvm", false, "hangs")),
            List.of("sha256:ab"),
            "t");
    assertThat(RestJson.workerView(again(RestJson.of(worker)))).isEqualTo(worker);
    ImageView image = new ImageView("n", "d", "a", 5, "t", List.of("w"));
    assertThat(RestJson.imageView(again(RestJson.of(image)))).isEqualTo(image);
    ImagePublication publication = new ImagePublication("d", "a", 1L << 33);
    assertThat(RestJson.imagePublication(again(RestJson.of(publication)))).isEqualTo(publication);
    LogEvent event = new LogEvent("c", "STDOUT", "t", "AA==");
    assertThat(RestJson.logEvent(again(RestJson.of(event)))).isEqualTo(event);
    Problem problem =
        new Problem("urn:x", "t", 422, "d", List.of(new Problem.FieldError("f", "m")));
    assertThat(RestJson.problem(again(RestJson.of(problem)), 422)).isEqualTo(problem);
    Page<ImageView> page = new Page<>(List.of(image), "next");
    assertThat(RestJson.page(again(RestJson.of(page, RestJson::of)), RestJson::imageView))
        .isEqualTo(page);
  }

  /** A component that somebody adds to a record must not be forgotten here. */
  @Test
  void everyComponentCrossesTheWireUnderItsName() {
    assertNames(JobView.class, RestJson.of(JOB));
    assertNames(OutcomeView.class, member(RestJson.of(JOB), "outcome"));
    assertNames(ShapeView.class, member(RestJson.of(JOB), "shape"));
    assertNames(
        JobRequest.class,
        RestJson.of(
            new JobRequest(
                "i", List.of(), Map.of(), "w", "u", new ShapeRequest(1, 2, 3), "USER", 1)));
    assertNames(ImagePublication.class, RestJson.of(new ImagePublication("d", "a", 1L)));
    assertNames(ImageView.class, RestJson.of(new ImageView("n", "d", "a", 5, "t", List.of())));
    assertNames(LogEvent.class, RestJson.of(new LogEvent("c", "s", "t", "d")));
    assertNames(Problem.class, RestJson.of(new Problem("t", "t", 1, "d", List.of())));
    assertNames(
        WorkerView.class,
        RestJson.of(
            new WorkerView(
                "i",
                "n",
                "s",
                "v",
                "a",
                "k",
                new ShapeView(1, 1, 1),
                new ShapeView(1, 1, 1),
                List.of(),
                List.of(),
                "t")));
  }

  @Test
  void absentMembersStayAbsentAndUnknownOnesAreLeftAlone() throws Exception {
    assertThat(
            JsonWriter.write(
                RestJson.of(new JobRequest("i", null, null, null, null, null, null, null))))
        .isEqualTo("{\"image\":\"i\"}");
    assertThat(
            RestJson.problem(JsonFields.of(JsonReader.read("{\"new\":[1],\"detail\":null}")), 500))
        .isEqualTo(new Problem("about:blank", "HTTP status 500", 500, null, List.of()));
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThatThrownBy(() -> RestJson.jobView(JsonFields.of(JsonReader.read("{\"id\":\"x\"}"))))
        .hasMessage("state is missing");
  }

  private static JsonFields again(JsonValue value) throws Exception {
    return JsonFields.of(JsonReader.read(JsonWriter.writeUtf8(value)));
  }

  private static JsonValue member(JsonValue value, String name) {
    return java.util.Objects.requireNonNull(((JsonObject) value).members().get(name));
  }

  private static void assertNames(Class<? extends Record> type, JsonValue value) {
    assertThat(((JsonObject) value).members().keySet())
        .containsExactlyElementsOf(
            Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList());
  }
}
