package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** An {@link ImagePolicyStore} in a map. */
public final class InMemoryImagePolicyStore implements ImagePolicyStore {
  private final InMemoryImages images;

  public InMemoryImagePolicyStore(InMemoryImages images) {
    this.images = images;
  }

  @Override
  public ImagePolicy put(ImagePolicy policy) {
    synchronized (images) {
      ImagePolicy old = images.policies.get(policy.image().value());
      ImagePolicy stored =
          old == null ? policy : timed(policy, old.lastWatchedAt(), old.lastRefreshedAt());
      images.policies.put(policy.image().value(), stored);
      return stored;
    }
  }

  private static ImagePolicy timed(
      ImagePolicy policy, Optional<Instant> watched, Optional<Instant> refreshed) {
    return new ImagePolicy(
        policy.image(),
        policy.source(),
        policy.kernel(),
        policy.refreshCron(),
        policy.watch(),
        policy.keep(),
        policy.pinned(),
        policy.prepullPools(),
        watched,
        refreshed);
  }

  @Override
  public Optional<ImagePolicy> find(ImageRef name) {
    synchronized (images) {
      return Optional.ofNullable(images.policies.get(name.value()));
    }
  }

  @Override
  public List<ImagePolicy> list(String after, int limit) {
    synchronized (images) {
      return images.policies.tailMap(after, false).values().stream().limit(limit).toList();
    }
  }

  @Override
  public void watched(ImageRef name, Instant at) {
    synchronized (images) {
      images.policies.computeIfPresent(
          name.value(), (_, old) -> timed(old, Optional.of(at), old.lastRefreshedAt()));
    }
  }

  @Override
  public void refreshed(ImageRef name, Instant at) {
    synchronized (images) {
      images.policies.computeIfPresent(
          name.value(), (_, old) -> timed(old, old.lastWatchedAt(), Optional.of(at)));
    }
  }

  @Override
  public boolean remove(ImageRef name) {
    synchronized (images) {
      return images.policies.remove(name.value()) != null;
    }
  }
}
