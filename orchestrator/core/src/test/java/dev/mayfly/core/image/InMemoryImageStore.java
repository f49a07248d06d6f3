package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** An {@link ImageStore} in maps. */
public final class InMemoryImageStore implements ImageStore {
  private final InMemoryImages images;

  public InMemoryImageStore(InMemoryImages images) {
    this.images = images;
  }

  public InMemoryImageStore() {
    this(new InMemoryImages(Set::of));
  }

  @Override
  public Image publish(Image image, PublicationCause cause) {
    synchronized (images) {
      List<ImageVersion> versions = images.of(image.name().value());
      if (!versions.isEmpty()) {
        Image now = versions.getFirst().image();
        if (now.bundle().equals(image.bundle())
            && now.architecture().equals(image.architecture())
            && now.sizeBytes() == image.sizeBytes()) {
          return now;
        }
      }
      int number = versions.isEmpty() ? 1 : versions.getFirst().number() + 1;
      versions.addFirst(new ImageVersion(number, image, cause));
      return image;
    }
  }

  @Override
  public Optional<Image> rollBack(ImageRef name, int number, Instant at) {
    synchronized (images) {
      return images.versions.getOrDefault(name.value(), List.of()).stream()
          .filter(version -> version.number() == number)
          .findFirst()
          .map(ImageVersion::image)
          .map(then ->
              publish(
                  new Image(name, then.bundle(), then.architecture(), then.sizeBytes(), at),
                  PublicationCause.ROLLED_BACK));
    }
  }

  @Override
  public Optional<Image> find(ImageRef name) {
    synchronized (images) {
      return images.versions.getOrDefault(name.value(), List.of()).stream()
          .findFirst()
          .map(ImageVersion::image);
    }
  }

  @Override
  public List<Image> list(String after, int limit) {
    synchronized (images) {
      return images.versions.tailMap(after, false).values().stream()
          .limit(limit)
          .map(versions -> versions.getFirst().image())
          .toList();
    }
  }

  @Override
  public List<ImageVersion> history(ImageRef name, int before, int limit) {
    synchronized (images) {
      return images.versions.getOrDefault(name.value(), List.of()).stream()
          .filter(version -> version.number() < before)
          .limit(limit)
          .toList();
    }
  }

  @Override
  public Map<ImageRef, Integer> numbers(Collection<ImageRef> names) {
    synchronized (images) {
      Map<ImageRef, Integer> numbers = new HashMap<>();
      for (ImageRef name : names) {
        List<ImageVersion> versions = images.versions.get(name.value());
        if (versions != null) {
          numbers.put(name, versions.getFirst().number());
        }
      }
      return numbers;
    }
  }

  @Override
  public List<ImageRef> pointingTo(BundleDigest bundle) {
    synchronized (images) {
      return images.versions.values().stream()
          .map(versions -> versions.getFirst().image())
          .filter(image -> image.bundle().equals(bundle))
          .map(Image::name)
          .toList();
    }
  }

  @Override
  public boolean remove(ImageRef name) {
    synchronized (images) {
      return images.versions.remove(name.value()) != null;
    }
  }
}
