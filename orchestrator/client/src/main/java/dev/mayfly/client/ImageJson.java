package dev.mayfly.client;

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
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.MalformedJson;
import java.util.List;

/** The records of REST v1 about images and bundles as JSON and back. */
public final class ImageJson {
  private ImageJson() {}

  public static JsonValue of(ImageView image) {
    BundleContentView bundle = image.bundle();
    ImagePolicyView policy = image.policy();
    return new JsonMembers()
        .text("name", image.name())
        .text("bundleDigest", image.bundleDigest())
        .text("architecture", image.architecture())
        .number("sizeBytes", image.sizeBytes())
        .text("publishedAt", image.publishedAt())
        .number("version", image.version())
        .texts("cachedOn", image.cachedOn())
        .truth("servable", image.servable())
        .value("bundle", bundle == null ? null : of(bundle))
        .value("policy", policy == null ? null : of(policy))
        .list("workers", image.workers(), ImageJson::of)
        .object();
  }

  public static ImageView imageView(JsonFields fields) throws MalformedJson {
    return new ImageView(
        fields.text("name"),
        fields.text("bundleDigest"),
        fields.text("architecture"),
        fields.longNumber("sizeBytes"),
        fields.text("publishedAt"),
        fields.integer("version"),
        fields.texts("cachedOn"),
        fields.truth("servable"),
        fields.optionalObject("bundle", ImageJson::bundleContentView),
        fields.optionalObject("policy", ImageJson::imagePolicyView),
        fields.list("workers", ImageJson::bundleOnWorkerView));
  }

  public static JsonValue of(ImagePublication publication) {
    return new JsonMembers()
        .text("bundleDigest", publication.bundleDigest())
        .text("architecture", publication.architecture())
        .number("sizeBytes", publication.sizeBytes())
        .object();
  }

  public static ImagePublication imagePublication(JsonFields fields) throws MalformedJson {
    return new ImagePublication(
        fields.optionalText("bundleDigest"),
        fields.optionalText("architecture"),
        fields.optionalLong("sizeBytes"));
  }

  public static JsonValue of(BundleContentView content) {
    return new JsonMembers()
        .text("guest", content.guest())
        .text("kernelRelease", content.kernelRelease())
        .text("kernelFlavour", content.kernelFlavour())
        .number("kernelBytes", content.kernelBytes())
        .number("rootfsBytes", content.rootfsBytes())
        .text("source", content.source())
        .text("sourceDigest", content.sourceDigest())
        .text("builderVersion", content.builderVersion())
        .texts("signatureKeys", content.signatureKeys())
        .object();
  }

  public static BundleContentView bundleContentView(JsonFields fields) throws MalformedJson {
    return new BundleContentView(
        fields.text("guest"),
        fields.text("kernelRelease"),
        fields.text("kernelFlavour"),
        fields.longNumber("kernelBytes"),
        fields.optionalLong("rootfsBytes"),
        fields.text("source"),
        fields.text("sourceDigest"),
        fields.text("builderVersion"),
        fields.texts("signatureKeys"));
  }

  public static JsonValue of(BundleOnWorkerView view) {
    return new JsonMembers()
        .text("worker", view.worker())
        .text("state", view.state())
        .number("bytesDone", view.bytesDone())
        .number("bytesTotal", view.bytesTotal())
        .text("reason", view.reason())
        .text("changedAt", view.changedAt())
        .object();
  }

  public static BundleOnWorkerView bundleOnWorkerView(JsonFields fields) throws MalformedJson {
    return new BundleOnWorkerView(
        fields.text("worker"),
        fields.text("state"),
        fields.optionalLong("bytesDone"),
        fields.optionalLong("bytesTotal"),
        fields.optionalText("reason"),
        fields.optionalText("changedAt"));
  }

  public static JsonValue of(BundleSignatureText signature) {
    return new JsonMembers()
        .text("keyId", signature.keyId())
        .text("signature", signature.signature())
        .object();
  }

  public static BundleSignatureText bundleSignatureText(JsonFields fields) throws MalformedJson {
    return new BundleSignatureText(fields.optionalText("keyId"), fields.optionalText("signature"));
  }

  public static JsonValue of(BundlePublication publication) {
    List<BundleSignatureText> signatures = publication.signatures();
    JsonMembers members = new JsonMembers().text("manifest", publication.manifest());
    if (signatures != null) {
      members.list("signatures", signatures, ImageJson::of);
    }
    return members.object();
  }

  public static BundlePublication bundlePublication(JsonFields fields) throws MalformedJson {
    return new BundlePublication(
        fields.optionalText("manifest"),
        fields.optionalList("signatures", ImageJson::bundleSignatureText));
  }

  public static JsonValue of(BundleFileView file) {
    return new JsonMembers()
        .text("name", file.name())
        .text("blobDigest", file.blobDigest())
        .number("sizeBytes", file.sizeBytes())
        .object();
  }

  public static BundleFileView bundleFileView(JsonFields fields) throws MalformedJson {
    return new BundleFileView(
        fields.text("name"), fields.text("blobDigest"), fields.longNumber("sizeBytes"));
  }

  public static JsonValue of(BundleView bundle) {
    BundleContentView content = bundle.content();
    return new JsonMembers()
        .text("digest", bundle.digest())
        .truth("servable", bundle.servable())
        .text("name", bundle.name())
        .text("architecture", bundle.architecture())
        .number("sizeBytes", bundle.sizeBytes())
        .text("storedAt", bundle.storedAt())
        .value("content", content == null ? null : of(content))
        .text("manifest", bundle.manifest())
        .list("signatures", bundle.signatures(), ImageJson::of)
        .list("files", bundle.files(), ImageJson::of)
        .texts("images", bundle.images())
        .list("workers", bundle.workers(), ImageJson::of)
        .object();
  }

  public static BundleView bundleView(JsonFields fields) throws MalformedJson {
    return new BundleView(
        fields.text("digest"),
        fields.truth("servable"),
        fields.optionalText("name"),
        fields.optionalText("architecture"),
        fields.optionalLong("sizeBytes"),
        fields.optionalText("storedAt"),
        fields.optionalObject("content", ImageJson::bundleContentView),
        fields.optionalText("manifest"),
        fields.list("signatures", ImageJson::bundleSignatureText),
        fields.list("files", ImageJson::bundleFileView),
        fields.texts("images"),
        fields.list("workers", ImageJson::bundleOnWorkerView));
  }

  public static JsonValue of(ImageVersionView version) {
    return new JsonMembers()
        .text("image", version.image())
        .number("number", version.number())
        .text("bundleDigest", version.bundleDigest())
        .text("architecture", version.architecture())
        .number("sizeBytes", version.sizeBytes())
        .text("cause", version.cause())
        .text("publishedAt", version.publishedAt())
        .truth("current", version.current())
        .truth("servable", version.servable())
        .object();
  }

  public static ImageVersionView imageVersionView(JsonFields fields) throws MalformedJson {
    return new ImageVersionView(
        fields.text("image"),
        fields.integer("number"),
        fields.text("bundleDigest"),
        fields.text("architecture"),
        fields.longNumber("sizeBytes"),
        fields.text("cause"),
        fields.text("publishedAt"),
        fields.truth("current"),
        fields.truth("servable"));
  }

  public static JsonValue of(ImageRollback rollback) {
    return new JsonMembers()
        .text("image", rollback.image())
        .number("number", rollback.number())
        .object();
  }

  public static ImageRollback imageRollback(JsonFields fields) throws MalformedJson {
    return new ImageRollback(fields.optionalText("image"), fields.optionalInteger("number"));
  }

  public static JsonValue of(ImagePolicyChange change) {
    Boolean pinned = change.pinned();
    JsonMembers members =
        new JsonMembers()
            .text("source", change.source())
            .text("kernel", change.kernel())
            .text("refreshCron", change.refreshCron())
            .number("watchSeconds", change.watchSeconds())
            .number("keep", change.keep());
    if (pinned != null) {
      members.truth("pinned", pinned);
    }
    return members.texts("prepullPools", change.prepullPools()).object();
  }

  public static ImagePolicyChange imagePolicyChange(JsonFields fields) throws MalformedJson {
    return new ImagePolicyChange(
        fields.optionalText("source"),
        fields.optionalText("kernel"),
        fields.optionalText("refreshCron"),
        fields.optionalInteger("watchSeconds"),
        fields.optionalInteger("keep"),
        fields.optionalTruth("pinned"),
        fields.optionalTexts("prepullPools"));
  }

  public static JsonValue of(ImagePolicyView policy) {
    return new JsonMembers()
        .text("image", policy.image())
        .text("source", policy.source())
        .text("kernel", policy.kernel())
        .text("refreshCron", policy.refreshCron())
        .number("watchSeconds", policy.watchSeconds())
        .number("keep", (Integer) policy.keep())
        .truth("pinned", policy.pinned())
        .texts("prepullPools", policy.prepullPools())
        .text("lastWatchedAt", policy.lastWatchedAt())
        .text("lastRefreshedAt", policy.lastRefreshedAt())
        .object();
  }

  public static ImagePolicyView imagePolicyView(JsonFields fields) throws MalformedJson {
    return new ImagePolicyView(
        fields.text("image"),
        fields.optionalText("source"),
        fields.optionalText("kernel"),
        fields.optionalText("refreshCron"),
        fields.optionalInteger("watchSeconds"),
        fields.integer("keep"),
        fields.truth("pinned"),
        fields.texts("prepullPools"),
        fields.optionalText("lastWatchedAt"),
        fields.optionalText("lastRefreshedAt"));
  }

  public static JsonValue of(ImageCollectionView collection) {
    return new JsonMembers()
        .number("versions", (Integer) collection.versions())
        .texts("bundles", collection.bundles())
        .number("blobs", (Integer) collection.blobs())
        .number("bytes", collection.bytes())
        .truth("complete", collection.complete())
        .object();
  }

  public static ImageCollectionView imageCollectionView(JsonFields fields) throws MalformedJson {
    return new ImageCollectionView(
        fields.integer("versions"),
        fields.texts("bundles"),
        fields.integer("blobs"),
        fields.longNumber("bytes"),
        fields.truth("complete"));
  }
}
