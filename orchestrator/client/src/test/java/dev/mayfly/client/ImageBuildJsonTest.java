package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.rest.ImageBuildLineView;
import dev.mayfly.api.rest.ImageBuildLogView;
import dev.mayfly.api.rest.ImageBuildRequest;
import dev.mayfly.api.rest.ImageBuildView;
import dev.mayfly.client.FleetJsonTest.Way;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImageBuildJsonTest {
  static Stream<Way<?>> ways() {
    ImageBuildView failed =
        new ImageBuildView(
            "id",
            "FAILED",
            "maven:3",
            "registry:maven:3",
            "minimal",
            "FIRST_USE",
            "w1",
            2,
            "t",
            "u",
            "v",
            true,
            "root file system",
            null,
            "EXTERNAL",
            "no route");
    ImageBuildView queued =
        new ImageBuildView(
            "id",
            "QUEUED",
            "maven:3",
            "registry:maven:3",
            null,
            "REQUESTED",
            null,
            0,
            "t",
            null,
            null,
            false,
            "",
            null,
            null,
            null);
    return Stream.of(
        new Way<>(failed, ImageBuildJson::of, ImageBuildJson::imageBuildView),
        new Way<>(queued, ImageBuildJson::of, ImageBuildJson::imageBuildView),
        new Way<>(
            new ImageBuildRequest("maven:3", "registry:maven:3", "stock", true),
            ImageBuildJson::of,
            ImageBuildJson::imageBuildRequest),
        new Way<>(
            new ImageBuildRequest("maven:3", null, null, null),
            ImageBuildJson::of,
            ImageBuildJson::imageBuildRequest),
        new Way<>(
            new ImageBuildLogView(
                failed, List.of(new ImageBuildLineView(7, "t", "1.0 s a")), "7", true),
            ImageBuildJson::of,
            ImageBuildJson::imageBuildLogView));
  }

  @ParameterizedTest
  @MethodSource("ways")
  <T extends Record> void whatIsWrittenReadsTheSame(Way<T> way) throws Exception {
    byte[] written = JsonWriter.writeUtf8(way.there().apply(way.value()));
    assertThat(way.back().map(JsonFields.of(JsonReader.read(written)))).isEqualTo(way.value());
  }
}
