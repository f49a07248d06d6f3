package dev.mayfly.core.job;

import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.ImageBuildStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Tells a job that waited for its image how that was built, at the head of its log. */
public final class ImagePreface {
  /** As the wire takes them. */
  public static final int MAX_LINES = 32;

  public static final int MAX_LINE = 500;

  private ImagePreface() {}

  /**
   * Lines for the log of a job's first attempt; none when the job has not waited for a build.
   *
   * @param job with its attempt
   */
  public static List<String> lines(Job job, ImageBuildStore builds) {
    // A job whose bundle was known from the start is placed by its first change.
    if (job.attempts() != 1 || job.version() < 2) {
      return List.of();
    }
    ImageBuild build = builds.latest(List.of(job.spec().image())).get(job.spec().image());
    if (build == null
        || !(build.state() instanceof ImageBuildState.Ended(var _, var since, var end, var at))
        || !(end instanceof ImageBuildState.End.Succeeded(var bundle))
        || !job.spec().bundle().filter(bundle::equals).isPresent()
        || at.isBefore(job.submittedAt())) {
      return List.of();
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "image "
            + build.image()
            + " was built of "
            + build.spec().source()
            + " in "
            + Duration.between(since.orElse(at), at).toSeconds()
            + " s (build "
            + build.id()
            + ")");
    builds.lines(build.id(), 0, ImageBuildStore.MAX_LINES).stream()
        .map(ImageBuildStore.Line::text)
        .filter(text -> text.endsWith(ImageBuildStore.STEP_DONE))
        .limit(MAX_LINES - 1L)
        .forEach(text -> lines.add("  " + text));
    return lines.stream().map(ImagePreface::cut).toList();
  }

  private static String cut(String line) {
    String clean = line.replaceAll("\\p{Cntrl}", " ");
    return clean.length() <= MAX_LINE ? clean : clean.substring(0, MAX_LINE - 1) + "…";
  }
}
