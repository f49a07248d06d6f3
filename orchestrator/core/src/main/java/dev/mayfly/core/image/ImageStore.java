package dev.mayfly.core.image;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Port: where image names are kept, and what they pointed to. A name moves in one step: whoever
 * looks sees the old bundle or the new one. Jobs keep the bundle they were submitted with. Safe for
 * use by several threads and several orchestrators.
 */
public interface ImageStore {

  /** As {@link #publish(Image, PublicationCause)}, from outside. */
  default Image publish(Image image) {
    return publish(image, PublicationCause.PUBLISHED);
  }

  /**
   * Lets the name point to the bundle, and records a version of it. Idempotent: the same bundle
   * again changes nothing.
   */
  Image publish(Image image, PublicationCause cause);

  /**
   * Lets the name point again to what one of its versions says, as a new version. Nothing changes
   * when it points there already.
   *
   * @return nothing when there is no such version
   */
  Optional<Image> rollBack(ImageRef name, int number, Instant at);

  Optional<Image> find(ImageRef name);

  /**
   * At most {@code limit} images whose name follows {@code after}, by name; empty: from the first.
   */
  List<Image> list(String after, int limit);

  /** At most {@code limit} versions of a name with a number below {@code before}, newest first. */
  List<ImageVersion> history(ImageRef name, int before, int limit);

  /** The number of what each of these names points to now. */
  Map<ImageRef, Integer> numbers(Collection<ImageRef> names);

  /** The names that point to a bundle now, in order. */
  List<ImageRef> pointingTo(BundleDigest bundle);

  /**
   * Forgets a name and its history; its policy is another matter.
   *
   * @return whether there was one
   */
  boolean remove(ImageRef name);
}
