package dev.mayfly.server.http;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.BundleFileView;
import dev.mayfly.api.rest.BundleOnWorkerView;
import dev.mayfly.api.rest.BundlePublication;
import dev.mayfly.api.rest.BundleSignatureText;
import dev.mayfly.api.rest.BundleView;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.server.blobs.BundleDesk;
import dev.mayfly.server.blobs.Manifests;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Bundles: store one whose blobs are stored, and look. */
@RestController
@RequestMapping("/api/v1/bundles")
@Tag(name = "images")
class BundleController {
  private final BundleDesk desk;
  private final BundleStore bundles;
  private final ImageViews views;
  private final ImageStore names;

  BundleController(BundleDesk desk, BundleStore bundles, ImageViews views, ImageStore names) {
    this.desk = desk;
    this.bundles = bundles;
    this.views = views;
    this.names = names;
  }

  @GetMapping("/{digest}")
  @Operation(
      operationId = "getBundle",
      summary = "A bundle that the orchestrator or a worker has",
      description = "servable is false when only workers have it; then it has no content here.")
  BundleView get(@PathVariable("digest") String digest) {
    BundleDigest wanted;
    try {
      wanted = new BundleDigest(digest);
    } catch (IllegalArgumentException notADigest) {
      throw unknown();
    }
    Optional<StoredBundle> stored = bundles.find(wanted);
    BundleView view = view(wanted, stored);
    if (stored.isEmpty() && view.workers().isEmpty()) {
      throw unknown();
    }
    return view;
  }

  private static RefusedRequestException unknown() {
    return new RefusedRequestException(Problems.notFound("bundle"));
  }

  private BundleView view(BundleDigest digest, Optional<StoredBundle> found) {
    List<BundleOnWorkerView> workers = views.holders(List.of(digest)).all(digest);
    List<String> images = names.pointingTo(digest).stream().map(ImageRef::value).toList();
    if (found.isEmpty()) {
      return new BundleView(
          digest.value(),
          false,
          null,
          null,
          null,
          null,
          null,
          null,
          List.of(),
          List.of(),
          images,
          workers);
    }
    StoredBundle stored = found.get();
    return new BundleView(
        digest.value(),
        true,
        stored.image().value(),
        stored.architecture(),
        stored.sizeBytes(),
        Views.time(stored.storedAt()),
        ImageViews.content(stored),
        new String(stored.manifest(), StandardCharsets.UTF_8),
        stored.signatures().entrySet().stream()
            .map(entry ->
                new BundleSignatureText(
                    entry.getKey(), Base64.getEncoder().encodeToString(entry.getValue().bytes())))
            .toList(),
        files(stored),
        images,
        workers);
  }

  private static List<BundleFileView> files(StoredBundle stored) {
    return Manifests.read(stored)
        .map(BundleManifest::files)
        .map(files ->
            files.stream()
                .map(file -> new BundleFileView(file.name(), file.sha256().toString(), file.size()))
                .toList())
        .orElse(List.of());
  }

  @PutMapping(path = "/{digest}", consumes = "application/json")
  @Operation(
      operationId = "putBundle",
      summary = "Store a bundle whose blobs are stored",
      description =
          "Idempotent; signatures are added to those that are stored, and verified by whoever boots."
              + " 409 blobs-missing names in errors, as fields, the blobs that are not stored.")
  BundleView put(@PathVariable("digest") String digest, @RequestBody BundlePublication body) {
    List<Problem.FieldError> errors = new ArrayList<>();
    byte[] manifest = manifest(digest, body.manifest(), errors);
    Map<String, byte[]> signatures = signatures(body.signatures(), errors);
    if (manifest == null || !errors.isEmpty()) {
      throw new RefusedRequestException(Problems.invalid(errors));
    }
    return switch (desk.put(manifest, signatures)) {
      case BundleDesk.Answer.Stored(StoredBundle stored) ->
          view(stored.digest(), Optional.of(stored));
      case BundleDesk.Answer.Lacking(List<BlobDigest> blobs) ->
          throw new RefusedRequestException(
              Problems.fields(
                  HttpStatus.CONFLICT,
                  "blobs-missing",
                  "Blobs of this bundle are not stored.",
                  blobs.stream()
                      .map(blob ->
                          new Problem.FieldError(
                              blob.value(), "is not stored: PUT /api/v1/blobs/" + blob))
                      .toList()));
      case BundleDesk.Answer.Malformed(String field, String problem) ->
          throw new RefusedRequestException(
              Problems.invalid(List.of(new Problem.FieldError(field, problem))));
    };
  }

  private static byte @Nullable [] manifest(
      String digest, @Nullable String text, List<Problem.FieldError> errors) {
    if (text == null) {
      errors.add(new Problem.FieldError("manifest", "is required"));
      return null;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > BundlePublication.MAX_MANIFEST_BYTES) {
      errors.add(
          new Problem.FieldError(
              "manifest", "has more than " + BundlePublication.MAX_MANIFEST_BYTES + " bytes"));
    } else if (!BundleDesk.digest(bytes).value().equals(digest)) {
      errors.add(
          new Problem.FieldError(
              "manifest", "has the digest " + BundleDesk.digest(bytes) + ", not that of the path"));
    }
    return bytes;
  }

  private static Map<String, byte[]> signatures(
      @Nullable List<BundleSignatureText> texts, List<Problem.FieldError> errors) {
    Map<String, byte[]> signatures = new TreeMap<>();
    if (texts == null) {
      return signatures;
    }
    if (texts.size() > BundlePublication.MAX_SIGNATURES) {
      errors.add(
          new Problem.FieldError(
              "signatures", "are more than " + BundlePublication.MAX_SIGNATURES));
      return signatures;
    }
    for (int i = 0; i < texts.size(); i++) {
      BundleSignatureText text = texts.get(i);
      String keyId = text == null ? null : text.keyId();
      String value = text == null ? null : text.signature();
      String field = "signatures[" + i + "]";
      if (keyId == null || value == null) {
        errors.add(new Problem.FieldError(field, "needs keyId and signature"));
        continue;
      }
      try {
        if (signatures.put(keyId, Base64.getDecoder().decode(value)) != null) {
          errors.add(new Problem.FieldError(field + ".keyId", "came twice"));
        }
      } catch (IllegalArgumentException notBase64) {
        errors.add(new Problem.FieldError(field + ".signature", "is not Base64"));
      }
    }
    return signatures;
  }
}
