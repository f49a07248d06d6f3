package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ImagePolicyStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** How names are kept. */
@RestController
@RequestMapping("/api/v1/image-policies")
@Tag(name = "images")
class ImagePolicyController {
  private static final int MAX_LIMIT = 200;

  private final ImagePolicyStore policies;
  private final ImagePolicyCheck check;
  private final ImageNudges keep;

  ImagePolicyController(ImagePolicyStore policies, ImagePolicyCheck check, ImageNudges keep) {
    this.policies = policies;
    this.check = check;
    this.keep = keep;
  }

  @GetMapping
  @Operation(operationId = "listImagePolicies", summary = "List how names are kept, by name")
  Page<ImagePolicyView> list(
      @RequestParam(name = "limit", required = false) @Nullable Integer limit,
      @RequestParam(name = "cursor", required = false) @Nullable String cursor) {
    int size = Parameters.limit(limit, MAX_LIMIT, MAX_LIMIT);
    List<ImagePolicy> found = policies.list(cursor == null ? "" : cursor, size + 1);
    List<ImagePolicy> page = found.subList(0, Math.min(size, found.size()));
    return new Page<>(
        page.stream().map(ImageViews::policy).toList(),
        found.size() > size ? page.getLast().image().value() : null);
  }

  @GetMapping("/{name}")
  @Operation(operationId = "getImagePolicy", summary = "How a name is kept; 404 when nobody said")
  ImagePolicyView get(@PathVariable("name") String name) {
    return policies
        .find(ImageController.reference(name))
        .map(ImageViews::policy)
        .orElseThrow(() -> new RefusedRequestException(Problems.notFound("image policy")));
  }

  @PutMapping(path = "/{name}", consumes = "application/json")
  @Operation(
      operationId = "setImagePolicy",
      summary = "Set how a name is kept, in place of what was",
      description = "A name may have a policy before it points anywhere.")
  ImagePolicyView put(@PathVariable("name") String name, @RequestBody ImagePolicyChange body) {
    List<Problem.FieldError> errors = new ArrayList<>();
    ImageRef reference = null;
    try {
      reference = new ImageRef(name);
    } catch (IllegalArgumentException invalid) {
      errors.add(new Problem.FieldError("name", String.valueOf(invalid.getMessage())));
    }
    ImagePolicy policy = check.policy(reference, body, errors);
    if (policy == null) {
      throw new RefusedRequestException(Problems.invalid(errors));
    }
    ImagePolicy stored = policies.put(policy);
    keep.keep();
    return ImageViews.policy(stored);
  }
}
