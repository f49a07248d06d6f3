package dev.mayfly.client;

import dev.mayfly.api.rest.ImageBuildLineView;
import dev.mayfly.api.rest.ImageBuildLogView;
import dev.mayfly.api.rest.ImageBuildRequest;
import dev.mayfly.api.rest.ImageBuildView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.MalformedJson;

/** The records of REST v1 about builds of images as JSON and back. */
public final class ImageBuildJson {
  private ImageBuildJson() {}

  public static JsonValue of(ImageBuildRequest request) {
    JsonMembers members =
        new JsonMembers()
            .text("image", request.image())
            .text("source", request.source())
            .text("kernel", request.kernel());
    Boolean force = request.force();
    if (force != null) {
      members.truth("force", force);
    }
    return members.object();
  }

  public static ImageBuildRequest imageBuildRequest(JsonFields fields) throws MalformedJson {
    return new ImageBuildRequest(
        fields.optionalText("image"),
        fields.optionalText("source"),
        fields.optionalText("kernel"),
        fields.optionalTruth("force"));
  }

  public static JsonValue of(ImageBuildView build) {
    return new JsonMembers()
        .text("id", build.id())
        .text("state", build.state())
        .text("image", build.image())
        .text("source", build.source())
        .text("kernel", build.kernel())
        .text("cause", build.cause())
        .text("worker", build.worker())
        .number("attempts", (Integer) build.attempts())
        .text("requestedAt", build.requestedAt())
        .text("startedAt", build.startedAt())
        .text("endedAt", build.endedAt())
        .truth("cancelRequested", build.cancelRequested())
        .text("step", build.step())
        .text("bundleDigest", build.bundleDigest())
        .text("blame", build.blame())
        .text("reason", build.reason())
        .object();
  }

  public static ImageBuildView imageBuildView(JsonFields fields) throws MalformedJson {
    return new ImageBuildView(
        fields.text("id"),
        fields.text("state"),
        fields.text("image"),
        fields.text("source"),
        fields.optionalText("kernel"),
        fields.text("cause"),
        fields.optionalText("worker"),
        fields.integer("attempts"),
        fields.text("requestedAt"),
        fields.optionalText("startedAt"),
        fields.optionalText("endedAt"),
        fields.truth("cancelRequested"),
        fields.text("step"),
        fields.optionalText("bundleDigest"),
        fields.optionalText("blame"),
        fields.optionalText("reason"));
  }

  public static JsonValue of(ImageBuildLineView line) {
    return new JsonMembers()
        .number("number", (Integer) line.number())
        .text("at", line.at())
        .text("text", line.text())
        .object();
  }

  public static ImageBuildLineView imageBuildLineView(JsonFields fields) throws MalformedJson {
    return new ImageBuildLineView(fields.integer("number"), fields.text("at"), fields.text("text"));
  }

  public static JsonValue of(ImageBuildLogView log) {
    return new JsonMembers()
        .value("build", of(log.build()))
        .list("lines", log.lines(), ImageBuildJson::of)
        .text("cursor", log.cursor())
        .truth("complete", log.complete())
        .object();
  }

  public static ImageBuildLogView imageBuildLogView(JsonFields fields) throws MalformedJson {
    return new ImageBuildLogView(
        fields.object("build", ImageBuildJson::imageBuildView),
        fields.list("lines", ImageBuildJson::imageBuildLineView),
        fields.text("cursor"),
        fields.truth("complete"));
  }
}
