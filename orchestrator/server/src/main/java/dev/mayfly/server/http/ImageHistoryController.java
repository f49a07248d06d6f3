package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImageCollectionView;
import dev.mayfly.api.rest.ImageRollback;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageCollection;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.ImageVersion;
import dev.mayfly.core.placement.Nudges;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What names pointed to, the way back, and the removal of what nothing needs. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "images")
class ImageHistoryController {
  private static final int MAX_LIMIT = 200;

  private final ImageStore images;
  private final ImageViews views;
  private final ImageCollection collection;
  private final Nudges nudges;
  private final ImageNudges keep;
  private final InstantSource clock;

  /** A second one would only wait for the first. */
  private final Semaphore collecting = new Semaphore(1);

  ImageHistoryController(
      ImageStore images,
      ImageViews views,
      ImageCollection collection,
      Nudges nudges,
      ImageNudges keep,
      InstantSource clock) {
    this.images = images;
    this.views = views;
    this.collection = collection;
    this.nudges = nudges;
    this.keep = keep;
    this.clock = clock;
  }

  @GetMapping("/image-versions")
  @Operation(
      operationId = "listImageVersions",
      summary = "List what a name pointed to, newest first; none when it is not known")
  Page<ImageVersionView> versions(
      @RequestParam(name = "image") String image,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor) {
    ImageRef name;
    try {
      name = new ImageRef(image);
    } catch (IllegalArgumentException invalid) {
      throw new RefusedRequestException(
          Problems.badParameter("image", String.valueOf(invalid.getMessage())));
    }
    int size = Parameters.limit(limit, MAX_LIMIT, MAX_LIMIT);
    List<ImageVersion> found = images.history(name, before(cursor), size + 1);
    List<ImageVersion> page = found.subList(0, Math.min(size, found.size()));
    return new Page<>(
        views.versions(name, page),
        found.size() > size ? Integer.toString(page.getLast().number()) : null);
  }

  private static int before(@Nullable String cursor) {
    if (cursor == null) {
      return Integer.MAX_VALUE;
    }
    if (!cursor.matches("[1-9][0-9]{0,8}")) {
      throw new RefusedRequestException(
          Problems.badParameter("cursor", "is not one that this list has given"));
    }
    return Integer.parseInt(cursor);
  }

  @PostMapping(path = "/image-rollbacks", consumes = "application/json")
  @Operation(
      operationId = "rollBackImage",
      summary = "Let a name point again to what it pointed to",
      description =
          "As a new version; nothing changes when it points there already. Jobs that were submitted"
              + " keep their bundle. 404 when there is no such version.")
  ImageView rollBack(@RequestBody ImageRollback body) {
    List<Problem.FieldError> errors = new ArrayList<>();
    String image = body.image();
    Integer number = body.number();
    if (image == null) {
      errors.add(new Problem.FieldError("image", "is required"));
    }
    if (number == null || number < 1) {
      errors.add(new Problem.FieldError("number", "is required: at least 1"));
    }
    if (image == null || number == null || !errors.isEmpty()) {
      throw new RefusedRequestException(Problems.invalid(errors));
    }
    Image now =
        images
            .rollBack(ImageController.reference(image), number, clock.instant())
            .orElseThrow(
                () -> new RefusedRequestException(Problems.notFound("version of this image")));
    nudges.placement();
    keep.keep();
    return views.view(now);
  }

  @PostMapping("/image-collections")
  @Operation(
      operationId = "collectImages",
      summary = "Remove what nothing needs",
      description =
          "Versions beyond what policies keep; bundles that no name, version or unfinished job"
              + " needs; blobs that no bundle needs. What was stored within the last hour stays."
              + " complete is false when there was more than one call removes.")
  ImageCollectionView collect() {
    if (!collecting.tryAcquire()) {
      throw Problems.busy("A collection is under way.");
    }
    try {
      ImageCollection.Collected collected = collection.collect();
      return new ImageCollectionView(
          collected.versions(),
          collected.bundles().stream().map(digest -> digest.value()).toList(),
          collected.blobs(),
          collected.bytes(),
          collected.complete());
    } finally {
      collecting.release();
    }
  }
}
