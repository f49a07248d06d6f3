package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.LogEvent;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.api.rest.SessionRequest;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonWriter;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RestJsonTest {
  private static final OutcomeView OUTCOME =
      new OutcomeView("FAULTED", 1, "OUT_OF_MEMORY", "USER", "too much");
  private static final List<PhaseView> PHASES =
      List.of(new PhaseView("QUEUED", "t", 0), new PhaseView("ENDED", "t", 5_000_000_000L));
  private static final JobView JOB =
      new JobView(
          "id",
          "FINISHED",
          "debian:12",
          "sha256:ab",
          "x86_64",
          "BATCH",
          List.of("sh", "-c", "echo ä🪰"),
          "/workspace",
          "root",
          new ShapeView(1, 2, 3),
          List.of("gpu"),
          "USER",
          "ci",
          "HIGH",
          60,
          70,
          4,
          1L << 33,
          "t",
          "t1",
          "t2",
          "no room",
          true,
          "CANCEL",
          "t3",
          "w",
          OUTCOME,
          PHASES,
          2,
          1,
          1L << 40,
          "qemu",
          "6.1",
          77);
  private static final AttemptView ATTEMPT =
      new AttemptView(
          1, "w", "FINISHED", true, "t", PHASES, OUTCOME, "qemu", "6.1", 5, 1L << 40, true);
  private static final ExplanationView EXPLANATION =
      new ExplanationView(
          "t",
          true,
          7,
          List.of(new ExplanationView.ReasonView("TOO_SMALL", "w", 1, "needs 4096 MiB")),
          "w: needs 4096 MiB");
  private static final JobRequest REQUEST =
      new JobRequest(
          "debian:12",
          List.of("a", ""),
          Map.of("K", "V=\n"),
          "/w",
          "1:2",
          new ShapeRequest(1, 2, 3),
          "NONE",
          5,
          Map.of("TOKEN", "hush"),
          new SessionRequest(6, 7),
          "ci",
          "LOW",
          List.of("gpu", "mayfly-4cpu-8gb"),
          8,
          9,
          1L << 33);

  @Test
  void everyRecordSurvivesTheWayThereAndBack() throws Exception {
    assertThat(RestJson.jobRequest(again(RestJson.of(REQUEST)))).isEqualTo(REQUEST);
    assertThat(RestJson.jobView(again(RestJson.of(JOB)))).isEqualTo(JOB);
    assertThat(RestJson.attemptView(again(RestJson.of(ATTEMPT)))).isEqualTo(ATTEMPT);
    assertThat(RestJson.explanationView(again(RestJson.of(EXPLANATION)))).isEqualTo(EXPLANATION);
    LogEvent event = new LogEvent("c", "STDOUT", "t", "AA==");
    assertThat(RestJson.logEvent(again(RestJson.of(event)))).isEqualTo(event);
    Problem problem =
        new Problem("urn:x", "t", 422, "d", List.of(new Problem.FieldError("f", "m")));
    assertThat(RestJson.problem(again(RestJson.of(problem)), 422)).isEqualTo(problem);
    Page<AttemptView> page = new Page<>(List.of(ATTEMPT), "next");
    assertThat(RestJson.page(again(RestJson.of(page, RestJson::of)), RestJson::attemptView))
        .isEqualTo(page);
  }

  /** A component that somebody adds to a record must not be forgotten here. */
  @Test
  void everyComponentCrossesTheWireUnderItsName() {
    assertNames(JobView.class, RestJson.of(JOB));
    assertNames(OutcomeView.class, member(RestJson.of(JOB), "outcome"));
    assertNames(ShapeView.class, member(RestJson.of(JOB), "shape"));
    assertNames(JobRequest.class, RestJson.of(REQUEST));
    assertNames(ShapeRequest.class, member(RestJson.of(REQUEST), "shape"));
    assertNames(SessionRequest.class, member(RestJson.of(REQUEST), "session"));
    assertNames(AttemptView.class, RestJson.of(ATTEMPT));
    assertNames(ExplanationView.class, RestJson.of(EXPLANATION));
    assertNames(
        ExplanationView.ReasonView.class,
        ((JsonArray) member(RestJson.of(EXPLANATION), "reasons")).items().get(0));
    assertNames(LogEvent.class, RestJson.of(new LogEvent("c", "s", "t", "d")));
    assertNames(Problem.class, RestJson.of(new Problem("t", "t", 1, "d", List.of())));
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
  void aRequestIsPrintedWithoutItsSecrets() {
    assertThat(REQUEST.toString()).contains("debian:12").doesNotContain("hush", "V=");
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
