package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.rest.BundleContentView;
import dev.mayfly.api.rest.BundleFileView;
import dev.mayfly.api.rest.BundleOnWorkerView;
import dev.mayfly.api.rest.BundlePublication;
import dev.mayfly.api.rest.BundleSignatureText;
import dev.mayfly.api.rest.BundleView;
import dev.mayfly.api.rest.ImageCollectionView;
import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageRollback;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.client.FleetJsonTest.Way;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonWriter;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImageJsonTest {
  private static final long LARGE = 1L << 33;

  static Stream<Way<?>> ways() {
    BundleContentView content =
        new BundleContentView("AGENT", "6.1", "stock", 5, LARGE, "recipe:a", "d", "0.1", List.of());
    ImagePolicyView policy =
        new ImagePolicyView(
            "n", "recipe:n", "stock", "0 0 3 * * ?", 60, 3, true, List.of("fast"), "t", "t");
    BundleOnWorkerView worker = new BundleOnWorkerView("w", "FAILED", 1L, LARGE, "full", "t");
    BundleSignatureText signature = new BundleSignatureText("k", "cw==");
    BundleFileView file = new BundleFileView("rootfs.erofs", "d", LARGE);
    ImageView image =
        new ImageView(
            "n", "d", "a", 5, "t", 2, List.of("w"), true, content, policy, List.of(worker));
    BundleView bundle =
        new BundleView(
            "d",
            true,
            "n",
            "a",
            5L,
            "t",
            content,
            "{\"schema\":2}",
            List.of(signature),
            List.of(file),
            List.of("n"),
            List.of(worker));
    return Stream.of(
        new Way<>(image, ImageJson::of, ImageJson::imageView),
        new Way<>(
            new ImagePublication("d", "a", LARGE), ImageJson::of, ImageJson::imagePublication),
        new Way<>(content, ImageJson::of, ImageJson::bundleContentView),
        new Way<>(worker, ImageJson::of, ImageJson::bundleOnWorkerView),
        new Way<>(signature, ImageJson::of, ImageJson::bundleSignatureText),
        new Way<>(
            new BundlePublication("m", List.of(signature)),
            ImageJson::of,
            ImageJson::bundlePublication),
        new Way<>(file, ImageJson::of, ImageJson::bundleFileView),
        new Way<>(bundle, ImageJson::of, ImageJson::bundleView),
        new Way<>(
            new ImageVersionView("n", 2, "d", "a", 5, "PUBLISHED", "t", true, false),
            ImageJson::of,
            ImageJson::imageVersionView),
        new Way<>(new ImageRollback("n", 2), ImageJson::of, ImageJson::imageRollback),
        new Way<>(
            new ImagePolicyChange("s", "stock", "c", 60, 3, false, List.of("p")),
            ImageJson::of,
            ImageJson::imagePolicyChange),
        new Way<>(policy, ImageJson::of, ImageJson::imagePolicyView),
        new Way<>(
            new ImageCollectionView(1, List.of("d"), 2, LARGE, false),
            ImageJson::of,
            ImageJson::imageCollectionView));
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

  @Test
  void whatIsAbsentStaysAbsent() throws Exception {
    ImagePolicyChange nothing = new ImagePolicyChange(null, null, null, null, null, null, null);
    assertThat(JsonWriter.write(ImageJson.of(nothing))).isEqualTo("{}");
    assertThat(
            ImageJson.imagePolicyChange(
                JsonFields.of(JsonReader.read("{}".getBytes(StandardCharsets.UTF_8)))))
        .isEqualTo(nothing);
  }
}
