package dev.mayfly.server.http;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.placement.Nudges;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Images: look, and let a name point to a bundle. */
@RestController
@RequestMapping("/api/v1/images")
@Tag(name = "images")
class ImageController {
  private static final int MAX_LIMIT = 200;
  private static final Set<String> ARCHITECTURES = Set.of("x86_64", "aarch64");

  private final ImageStore images;
  private final ImageViews views;
  private final ImagePolicyStore policies;
  private final Nudges nudges;
  private final ImageNudges keep;
  private final InstantSource clock;

  ImageController(
      ImageStore images,
      ImagePolicyStore policies,
      ImageViews views,
      Nudges nudges,
      ImageNudges keep,
      InstantSource clock) {
    this.images = images;
    this.policies = policies;
    this.keep = keep;
    this.views = views;
    this.nudges = nudges;
    this.clock = clock;
  }

  @GetMapping
  @Operation(operationId = "listImages", summary = "List images, by name")
  Page<ImageView> list(
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor) {
    int size = Parameters.limit(limit, MAX_LIMIT, MAX_LIMIT);
    List<Image> found = images.list(cursor == null ? "" : cursor, size + 1);
    List<Image> page = found.subList(0, Math.min(size, found.size()));
    return new Page<>(
        views.views(page), found.size() > size ? page.getLast().name().value() : null);
  }

  @GetMapping("/{name}")
  @Operation(operationId = "getImage", summary = "Look at an image")
  ImageView get(@PathVariable("name") String name) {
    Image image;
    try {
      image = images.find(new ImageRef(name)).orElseThrow(ImageController::unknown);
    } catch (IllegalArgumentException notAName) {
      throw unknown();
    }
    return views.view(image);
  }

  static RefusedRequestException unknown() {
    return new RefusedRequestException(Problems.notFound("image"));
  }

  @PutMapping(path = "/{name}", consumes = "application/json")
  @Operation(operationId = "publishImage", summary = "Let an image name point to a bundle")
  ImageView publish(@PathVariable("name") String name, @RequestBody ImagePublication body) {
    List<Problem.FieldError> errors = new ArrayList<>();
    ImageRef reference = null;
    try {
      reference = new ImageRef(name);
    } catch (IllegalArgumentException invalid) {
      errors.add(new Problem.FieldError("name", String.valueOf(invalid.getMessage())));
    }
    BundleDigest digest = digest(body.bundleDigest(), errors);
    String architecture = body.architecture();
    if (architecture == null || !ARCHITECTURES.contains(architecture)) {
      errors.add(new Problem.FieldError("architecture", "is required: x86_64 or aarch64"));
    }
    Long size = body.sizeBytes();
    if (size == null || size < 1) {
      errors.add(new Problem.FieldError("sizeBytes", "is required: at least 1"));
    }
    if (reference == null
        || digest == null
        || architecture == null
        || size == null
        || !errors.isEmpty()) {
      throw new RefusedRequestException(Problems.invalid(errors));
    }
    Image image = images.publish(new Image(reference, digest, architecture, size, clock.instant()));
    nudges.placement();
    keep.keep();
    return views.view(image);
  }

  @DeleteMapping("/{name}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  @Operation(
      operationId = "removeImage",
      summary = "Forget an image name",
      description =
          "Its history and its policy go with it; jobs that were submitted with it keep their"
              + " bundle. Its bundles go with the next collection, when nothing else needs them.")
  void remove(@PathVariable("name") String name) {
    ImageRef reference = reference(name);
    boolean policy = policies.remove(reference);
    boolean image = images.remove(reference);
    if (!policy && !image) {
      throw unknown();
    }
    keep.keep();
  }

  /** A name that none can have is as good as one that is not known. */
  static ImageRef reference(String name) {
    try {
      return new ImageRef(name);
    } catch (IllegalArgumentException notAName) {
      throw unknown();
    }
  }

  private static @Nullable BundleDigest digest(
      @Nullable String text, List<Problem.FieldError> errors) {
    if (text == null) {
      errors.add(new Problem.FieldError("bundleDigest", "is required"));
      return null;
    }
    try {
      return new BundleDigest(text);
    } catch (IllegalArgumentException invalid) {
      errors.add(new Problem.FieldError("bundleDigest", String.valueOf(invalid.getMessage())));
      return null;
    }
  }
}
