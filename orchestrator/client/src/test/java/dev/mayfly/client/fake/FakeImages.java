package dev.mayfly.client.fake;

import dev.mayfly.api.BlobDigest;
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
import dev.mayfly.api.rest.Problem;
import dev.mayfly.client.ImageJson;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.JsonValue.JsonNull;
import dev.mayfly.client.json.MalformedJson;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Image names, their history and policies, bundles and blobs of the fake orchestrator. */
final class FakeImages {
  private static final Pattern SHA256 = Pattern.compile("\"sha256\":\"([0-9a-f]{64})\"");

  private final Map<String, ImageView> images = new TreeMap<>();
  private final Map<String, List<ImageVersionView>> versions = new TreeMap<>();
  private final Map<String, ImagePolicyView> policies = new TreeMap<>();
  private final Map<String, BundleView> bundles = new TreeMap<>();
  private final Map<String, byte[]> blobs = new TreeMap<>();

  synchronized boolean knows(@Nullable String name) {
    return name != null && images.containsKey(name);
  }

  synchronized ImageView put(String name, String digest, String architecture, long size) {
    return put(name, digest, architecture, size, "PUBLISHED");
  }

  private ImageView put(String name, String digest, String architecture, long size, String cause) {
    List<ImageVersionView> history = versions.computeIfAbsent(name, key -> new ArrayList<>());
    history.replaceAll(old -> version(old, false));
    history.add(
        0,
        new ImageVersionView(
            name,
            history.size() + 1,
            digest,
            architecture,
            size,
            cause,
            FakeFleet.TIME,
            true,
            bundles.containsKey(digest)));
    ImageView image =
        new ImageView(
            name,
            digest,
            architecture,
            size,
            FakeFleet.TIME,
            history.size(),
            List.of("worker-1"),
            bundles.containsKey(digest),
            null,
            policies.get(name),
            List.of());
    images.put(name, image);
    return image;
  }

  private static ImageVersionView version(ImageVersionView old, boolean current) {
    return new ImageVersionView(
        old.image(),
        old.number(),
        old.bundleDigest(),
        old.architecture(),
        old.sizeBytes(),
        old.cause(),
        old.publishedAt(),
        current,
        old.servable());
  }

  /** Answers a call about images; null when it is about something else. */
  synchronized FakeFleet.@Nullable Answer answer(
      String call, @Nullable String name, Map<String, String> query, byte[] body)
      throws MalformedJson {
    return switch (call) {
      case "GET images" ->
          name == null
              ? FakeFleet.of(FakeFleet.page(images, ImageJson::of))
              : FakeFleet.one(images, name, ImageJson::of);
      case "PUT images" -> name == null ? FakeFleet.ABSENT : publish(name, body);
      case "DELETE images" -> name == null ? FakeFleet.ABSENT : remove(name);
      case "GET image-versions" -> {
        Map<String, ImageVersionView> page = new TreeMap<>();
        List<ImageVersionView> history =
            versions.getOrDefault(query.getOrDefault("image", ""), List.of());
        history.forEach(each -> page.put(String.format("%09d", 1_000_000 - each.number()), each));
        yield FakeFleet.of(FakeFleet.page(page, ImageJson::of));
      }
      case "POST image-rollbacks" -> rollBack(ImageJson.imageRollback(fields(body)));
      case "GET image-policies" ->
          name == null
              ? FakeFleet.of(FakeFleet.page(policies, ImageJson::of))
              : FakeFleet.one(policies, name, ImageJson::of);
      case "PUT image-policies" ->
          name == null ? FakeFleet.ABSENT : change(name, ImageJson.imagePolicyChange(fields(body)));
      case "POST image-collections" ->
          FakeFleet.of(ImageJson.of(new ImageCollectionView(0, List.of(), 0, 0, true)));
      case "GET bundles" ->
          name == null ? FakeFleet.ABSENT : FakeFleet.one(bundles, name, ImageJson::of);
      case "PUT bundles" ->
          name == null ? FakeFleet.ABSENT : bundle(name, ImageJson.bundlePublication(fields(body)));
      default -> null;
    };
  }

  private static JsonFields fields(byte[] body) throws MalformedJson {
    return JsonFields.of(JsonReader.read(body));
  }

  private FakeFleet.Answer publish(String name, byte[] body) throws MalformedJson {
    ImagePublication publication = ImageJson.imagePublication(fields(body));
    String digest = publication.bundleDigest();
    String architecture = publication.architecture();
    Long size = publication.sizeBytes();
    if (digest == null || architecture == null || size == null) {
      return refused(FakeOrchestrator.problem(422, "invalid", "All members are required"));
    }
    return FakeFleet.of(ImageJson.of(put(name, digest, architecture, size)));
  }

  private FakeFleet.Answer remove(String name) {
    if (images.remove(name) == null) {
      return FakeFleet.ABSENT;
    }
    versions.remove(name);
    policies.remove(name);
    return new FakeFleet.Answer(JsonNull.NULL, null);
  }

  private FakeFleet.Answer rollBack(ImageRollback rollback) {
    return versions.getOrDefault(String.valueOf(rollback.image()), List.of()).stream()
        .filter(version -> Integer.valueOf(version.number()).equals(rollback.number()))
        .findFirst()
        .map(version ->
            put(
                version.image(),
                version.bundleDigest(),
                version.architecture(),
                version.sizeBytes(),
                "ROLLED_BACK"))
        .map(image -> FakeFleet.of(ImageJson.of(image)))
        .orElse(FakeFleet.ABSENT);
  }

  private FakeFleet.Answer change(String name, ImagePolicyChange change) {
    Integer keep = change.keep();
    List<String> pools = change.prepullPools();
    ImagePolicyView policy =
        new ImagePolicyView(
            name,
            change.source(),
            change.kernel(),
            change.refreshCron(),
            change.watchSeconds(),
            keep == null ? ImagePolicyChange.DEFAULT_KEEP : keep,
            Boolean.TRUE.equals(change.pinned()),
            pools == null ? List.of() : pools,
            null,
            null);
    policies.put(name, policy);
    ImageView image = images.get(name);
    if (image != null) {
      images.put(
          name,
          new ImageView(
              name,
              image.bundleDigest(),
              image.architecture(),
              image.sizeBytes(),
              image.publishedAt(),
              image.version(),
              image.cachedOn(),
              image.servable(),
              image.bundle(),
              policy,
              image.workers()));
    }
    return FakeFleet.of(ImageJson.of(policy));
  }

  private FakeFleet.Answer bundle(String digest, BundlePublication publication) {
    String manifest = String.valueOf(publication.manifest());
    List<Problem.FieldError> missing = new ArrayList<>();
    Matcher matcher = SHA256.matcher(manifest);
    while (matcher.find()) {
      if (!blobs.containsKey("sha256:" + matcher.group(1))) {
        missing.add(new Problem.FieldError("sha256:" + matcher.group(1), "is not stored"));
      }
    }
    if (!missing.isEmpty()) {
      return refused(
          new Problem("urn:mayfly:problem:blobs-missing", "Blobs are missing", 409, null, missing));
    }
    List<BundleSignatureText> signatures = publication.signatures();
    bundles.put(
        digest,
        new BundleView(
            digest,
            true,
            "built:1",
            "x86_64",
            1L,
            FakeFleet.TIME,
            null,
            manifest,
            signatures == null ? List.of() : signatures,
            List.of(),
            List.of(),
            List.of()));
    return FakeFleet.one(bundles, digest, ImageJson::of);
  }

  private static FakeFleet.Answer refused(Problem problem) {
    return new FakeFleet.Answer(JsonNull.NULL, problem);
  }

  /** The bytes of a blob; null when it is not stored. */
  synchronized byte @Nullable [] blob(String digest) {
    return blobs.get(digest);
  }

  /** Stores a blob; false when the bytes are not its own. */
  synchronized boolean putBlob(String digest, byte[] bytes) {
    boolean own = new BlobDigest(digest).hex().equals(sha256(bytes));
    if (own) {
      blobs.put(digest, bytes);
    }
    return own;
  }

  private static String sha256(byte[] bytes) {
    try {
      StringBuilder hex = new StringBuilder();
      for (byte each : MessageDigest.getInstance("SHA-256").digest(bytes)) {
        hex.append(String.format("%02x", each));
      }
      return hex.toString();
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every Java platform has SHA-256", missing);
    }
  }
}
