package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Port: where builds of images are kept. Every call is one transaction. Safe for use by several
 * threads and several orchestrators.
 */
public interface ImageBuildStore {

  /** More than these of one build are not kept. */
  int MAX_LINES = 10_000;

  int MAX_LINE = 1000;

  /** How a line ends that tells of a step's end. */
  String STEP_DONE = " (done)";

  /**
   * What a builder said.
   *
   * @param number per build, from 1
   */
  record Line(int number, Instant at, String text) {}

  /**
   * Stores a build, unless one of that image is under way: then that one is returned.
   *
   * @return the open build of the image
   */
  ImageBuild request(ImageBuild build);

  /**
   * Replaces a build by its next version if it is still as {@code before}. When it ended well, its
   * name points to the bundle afterwards, in the same transaction.
   *
   * @return false when it has changed meanwhile; read it again
   * @throws IllegalStateException when it ended well with a bundle that is not stored
   */
  boolean commit(ImageBuild before, ImageBuild after);

  /**
   * Notes what a worker says about a build it is at; nothing when it is not at it.
   *
   * @param step what it is at now, at most {@value ImageBuild#MAX_STEP} characters
   * @param line one line for people, at most {@value #MAX_LINE} characters; null: none
   */
  void progress(
      ImageBuildId build, WorkerId worker, Instant at, String step, @Nullable String line);

  Optional<ImageBuild> find(ImageBuildId id);

  /** Every build that has not ended, in the order they were asked for. */
  List<ImageBuild> open();

  /** The latest build of each of these images, whatever became of it. */
  Map<ImageRef, ImageBuild> latest(Collection<ImageRef> images);

  /**
   * Newest first.
   *
   * @param olderThan keyset: only builds asked for before this one; null: from the newest
   */
  List<ImageBuild> list(
      @Nullable ImageRef image,
      @Nullable Boolean open,
      @Nullable ImageBuildId olderThan,
      int limit);

  /** Lines of a build with a number above {@code after}, in order. */
  List<Line> lines(ImageBuildId build, int after, int limit);

  /** Removes builds that ended before the instant, with their lines; at most {@code limit}. */
  int removeEnded(Instant before, int limit);
}
