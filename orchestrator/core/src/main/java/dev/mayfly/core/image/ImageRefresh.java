package dev.mayfly.core.image;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for the builds that are due by their images' policies. A name with an open build gets none
 * beside it. Idempotent.
 */
public final class ImageRefresh {
  private static final int PAGE = 200;
  private static final Logger log = LoggerFactory.getLogger(ImageRefresh.class);

  private final ImagePolicyStore policies;
  private final ImageStore images;
  private final BundleStore bundles;
  private final ImageBuildDesk desk;
  private final RefreshPlanner.Schedule schedule;
  private final InstantSource clock;

  public ImageRefresh(
      ImagePolicyStore policies,
      ImageStore images,
      BundleStore bundles,
      ImageBuildDesk desk,
      RefreshPlanner.Schedule schedule,
      InstantSource clock) {
    this.policies = policies;
    this.images = images;
    this.bundles = bundles;
    this.desk = desk;
    this.schedule = schedule;
    this.clock = clock;
  }

  /** Looks at every policy once; returns for how many images a build was asked for. */
  public int request() {
    int requested = 0;
    String after = "";
    List<ImagePolicy> page;
    do {
      page = policies.list(after, PAGE);
      for (ImagePolicy policy : page) {
        requested += request(policy) ? 1 : 0;
        after = policy.image().value();
      }
    } while (page.size() == PAGE);
    return requested;
  }

  private boolean request(ImagePolicy policy) {
    Optional<Image> image = images.find(policy.image());
    Instant now = clock.instant();
    Optional<PublicationCause> cause =
        RefreshPlanner.due(policy, image.map(Image::publishedAt), schedule, now);
    if (cause.isEmpty()) {
      return false;
    }
    Optional<String> unless =
        cause.get() == PublicationCause.UPSTREAM_MOVED
            ? image.flatMap(known -> bundles.find(known.bundle())).map(StoredBundle::sourceDigest)
            : Optional.empty();
    ImageBuildDesk.Requested requested =
        desk.request(
            new ImageBuild.Spec(
                policy.image(),
                desk.sourceOf(policy.image()),
                policy.kernel().orElse(""),
                cause.get(),
                unless));
    // First the build, then the note: a crash between them asks twice, and finds the open one.
    if (cause.get() == PublicationCause.SCHEDULED) {
      policies.refreshed(policy.image(), now);
    }
    policies.watched(policy.image(), now);
    log.atInfo()
        .addKeyValue("image", policy.image())
        .addKeyValue("build", requested.build().id())
        .addKeyValue("cause", cause.get())
        .log("Refresh requested");
    return true;
  }
}
