package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.rest.ImageBuildLineView;
import dev.mayfly.api.rest.ImageBuildLogView;
import dev.mayfly.api.rest.ImageBuildRequest;
import dev.mayfly.api.rest.ImageBuildView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildId;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.PublicationCause;
import dev.mayfly.core.image.StoredBundle;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Builds of images: ask for one, look, cancel. */
@RestController
@RequestMapping("/api/v1/image-builds")
@Tag(name = "image builds")
class ImageBuildController {
  private static final int MAX_LIMIT = 200;
  private static final int DEFAULT_LIMIT = 50;
  private static final int MAX_LINES = 1000;
  private static final Set<String> KERNELS = Set.of("stock", "minimal");

  /** Which builds to list. */
  enum Openness {
    OPEN,
    ENDED
  }

  private final ImageBuildDesk desk;
  private final ImageBuildStore builds;
  private final ImageStore images;
  private final ImagePolicyStore policies;
  private final BundleStore bundles;
  private final WorkerStore workers;
  private final ImageNudges nudges;

  ImageBuildController(
      ImageBuildDesk desk,
      ImageBuildStore builds,
      ImageStore images,
      ImagePolicyStore policies,
      BundleStore bundles,
      WorkerStore workers,
      ImageNudges nudges) {
    this.desk = desk;
    this.builds = builds;
    this.images = images;
    this.policies = policies;
    this.bundles = bundles;
    this.workers = workers;
    this.nudges = nudges;
  }

  @PostMapping(consumes = "application/json")
  @Operation(
      operationId = "requestImageBuild",
      summary = "Ask for a build of an image",
      description = "201; 200 with the build that is under way when there is one of that name.")
  ResponseEntity<ImageBuildView> request(@RequestBody ImageBuildRequest body) {
    RequestErrors errors = new RequestErrors();
    ImageRef image = name(body.image(), errors);
    String kernel = body.kernel();
    if (kernel != null && !KERNELS.contains(kernel)) {
      errors.add("kernel", "must be stock or minimal");
    }
    List<Problem.FieldError> wrong = new ArrayList<>();
    if (body.source() != null) {
      ImagePolicyCheck.check(body.source(), wrong);
      wrong.forEach(error -> errors.add(error.field(), error.message()));
    }
    errors.refuseIfAny();
    if (image == null) {
      throw errors.refusal();
    }
    String source = body.source() == null ? desk.sourceOf(image) : body.source();
    ImageBuild.Spec spec =
        new ImageBuild.Spec(
            image,
            source,
            kernel == null ? policies.find(image).flatMap(ImagePolicy::kernel).orElse("") : kernel,
            PublicationCause.REQUESTED,
            Boolean.TRUE.equals(body.force()) ? Optional.empty() : sourceDigest(image));
    ImageBuildDesk.Requested requested = desk.request(spec);
    ImageBuild build = requested.build();
    nudges.builds();
    return (requested.made()
            ? ResponseEntity.created(URI.create("/api/v1/image-builds/" + build.id()))
            : ResponseEntity.ok())
        .body(views(List.of(build)).getFirst());
  }

  /** What the name's bundle was made of; empty: it points nowhere, or its bundle is not stored. */
  private Optional<String> sourceDigest(ImageRef image) {
    return images
        .find(image)
        .map(Image::bundle)
        .flatMap(bundles::find)
        .map(StoredBundle::sourceDigest);
  }

  private static @Nullable ImageRef name(@Nullable String text, RequestErrors errors) {
    if (text == null) {
      errors.add("image", "is required, for example maven:3");
      return null;
    }
    try {
      return new ImageRef(text);
    } catch (IllegalArgumentException invalid) {
      errors.add("image", String.valueOf(invalid.getMessage()));
      return null;
    }
  }

  @GetMapping
  @Operation(operationId = "listImageBuilds", summary = "List builds of images, newest first")
  Page<ImageBuildView> list(
      @RequestParam(name = "image", required = false) @Nullable String image,
      @RequestParam(name = "state", required = false) @Nullable String state,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor) {
    int size = Parameters.limit(limit, MAX_LIMIT, DEFAULT_LIMIT);
    ImageRef name = null;
    if (image != null) {
      RequestErrors errors = new RequestErrors();
      name = name(image, errors);
      if (name == null) {
        throw new RefusedRequestException(Problems.badParameter("image", "is no name of an image"));
      }
    }
    Boolean open =
        state == null ? null : Parameters.oneOf("state", Openness.class, state) == Openness.OPEN;
    List<ImageBuild> found =
        builds.list(name, open, cursor == null ? null : cursor(cursor), size + 1);
    List<ImageBuild> page = found.subList(0, Math.min(size, found.size()));
    return new Page<>(views(page), found.size() > size ? page.getLast().id().toString() : null);
  }

  private static ImageBuildId cursor(String text) {
    try {
      return ImageBuildId.parse(text);
    } catch (IllegalArgumentException notACursor) {
      throw new RefusedRequestException(
          Problems.badParameter("cursor", "is not a cursor that this list has answered"));
    }
  }

  @GetMapping("/{id}")
  @Operation(
      operationId = "getImageBuild",
      summary = "Look at a build of an image and what its builder said",
      description = "Lines follow the cursor; without one, from the first.")
  ImageBuildLogView get(
      @PathVariable("id") String id,
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor) {
    int size = Parameters.limit(limit, MAX_LINES, MAX_LINES);
    int after = cursor == null ? 0 : line(cursor);
    // The build before its lines: one that had ended then says nothing more.
    ImageBuild build = builds.find(id(id)).orElseThrow(ImageBuildController::unknown);
    List<ImageBuildStore.Line> lines = builds.lines(build.id(), after, size);
    int last = lines.isEmpty() ? after : lines.getLast().number();
    return new ImageBuildLogView(
        views(List.of(build)).getFirst(),
        lines.stream()
            .map(line -> new ImageBuildLineView(line.number(), Views.time(line.at()), line.text()))
            .toList(),
        Integer.toString(last),
        build.ended() && lines.size() < size);
  }

  private static int line(String cursor) {
    if (cursor.matches("[0-9]{1,9}")) {
      return Integer.parseInt(cursor);
    }
    throw new RefusedRequestException(
        Problems.badParameter("cursor", "is not a cursor that this build has answered"));
  }

  @DeleteMapping("/{id}")
  @Operation(
      operationId = "cancelImageBuild",
      summary = "Cancel a build of an image",
      description = "The jobs that wait for it end, unless their name points to a bundle.")
  ResponseEntity<ImageBuildView> cancel(@PathVariable("id") String id) {
    ImageBuild build = desk.cancel(id(id)).orElseThrow(ImageBuildController::unknown);
    nudges.builds();
    return ResponseEntity.accepted().body(views(List.of(build)).getFirst());
  }

  private static ImageBuildId id(String text) {
    try {
      return ImageBuildId.parse(text);
    } catch (IllegalArgumentException notAnId) {
      throw unknown();
    }
  }

  private static RefusedRequestException unknown() {
    return new RefusedRequestException(Problems.notFound("image build"));
  }

  private List<ImageBuildView> views(List<ImageBuild> all) {
    Map<WorkerId, String> names = new HashMap<>();
    return all.stream()
        .map(build ->
            ImageBuildViews.view(
                build,
                worker ->
                    names.computeIfAbsent(
                        worker, id -> workers.find(id).map(Worker::name).orElse(id.toString()))))
        .toList();
  }
}
