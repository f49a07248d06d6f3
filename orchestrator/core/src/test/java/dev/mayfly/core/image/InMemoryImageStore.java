package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/** An {@link ImageStore} in a map. */
public final class InMemoryImageStore implements ImageStore {
  private final ConcurrentSkipListMap<String, Image> images = new ConcurrentSkipListMap<>();

  @Override
  public Image publish(Image image) {
    return images.merge(
        image.name().value(),
        image,
        (old, next) ->
            old.bundle().equals(next.bundle())
                    && old.architecture().equals(next.architecture())
                    && old.sizeBytes() == next.sizeBytes()
                ? old
                : next);
  }

  @Override
  public Optional<Image> find(ImageRef name) {
    return Optional.ofNullable(images.get(name.value()));
  }

  @Override
  public List<Image> list(String after, int limit) {
    return images.tailMap(after, false).values().stream().limit(limit).toList();
  }
}
