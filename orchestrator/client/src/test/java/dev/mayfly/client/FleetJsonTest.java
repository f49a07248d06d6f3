package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.rest.LimitsChange;
import dev.mayfly.api.rest.LimitsView;
import dev.mayfly.api.rest.ProjectChange;
import dev.mayfly.api.rest.ProjectView;
import dev.mayfly.api.rest.QuarantineRequest;
import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.api.rest.WorkerPoolChange;
import dev.mayfly.api.rest.WorkerPoolView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonWriter;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FleetJsonTest {

  /** A record, and the two ways. */
  record Way<T extends Record>(T value, Function<T, JsonValue> there, JsonFields.Mapping<T> back) {

    @Override
    public String toString() {
      return value.getClass().getSimpleName();
    }
  }

  static Stream<Way<?>> ways() {
    WorkerView worker =
        new WorkerView(
            "i",
            "n",
            "ONLINE",
            "1",
            "x86_64",
            "6",
            List.of("gpu"),
            "fast",
            "QUARANTINED",
            "three faults",
            "t",
            new ShapeView(1, 2, 3),
            new ShapeView(0, 0, 0),
            List.of(new WorkerView.VmmView("qemu", "7", "kvm", false, "hangs")),
            List.of("sha256:ab"),
            "t");
    return Stream.of(
        new Way<>(worker, FleetJson::of, FleetJson::workerView),
        new Way<>(new QuarantineRequest("r"), FleetJson::of, FleetJson::quarantineRequest),
        new Way<>(
            new ProjectView("ci", 3, 10, 4, new ShapeView(1, 2, 3)),
            FleetJson::of,
            FleetJson::projectView),
        new Way<>(new ProjectChange(3, 10), FleetJson::of, FleetJson::projectChange),
        new Way<>(new LimitsView(10, 4), FleetJson::of, FleetJson::limitsView),
        new Way<>(new LimitsChange(10), FleetJson::of, FleetJson::limitsChange),
        new Way<>(
            new WorkerPoolView("fast", "PACK", List.of("a", "b")),
            FleetJson::of,
            FleetJson::workerPoolView),
        new Way<>(new WorkerPoolChange("PACK"), FleetJson::of, FleetJson::workerPoolChange));
  }

  @ParameterizedTest
  @MethodSource("ways")
  <T extends Record> void everyRecordSurvivesTheWayThereAndBackUnderItsNames(Way<T> way)
      throws Exception {
    JsonValue json = way.there().apply(way.value());
    assertThat(((JsonObject) json).members().keySet())
        .containsExactlyElementsOf(
            Arrays.stream(way.value().getClass().getRecordComponents())
                .map(RecordComponent::getName)
                .toList());
    JsonFields read = JsonFields.of(JsonReader.read(JsonWriter.writeUtf8(json)));
    assertThat(way.back().map(read)).isEqualTo(way.value());
  }
}
