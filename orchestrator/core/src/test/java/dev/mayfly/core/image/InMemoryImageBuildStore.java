package dev.mayfly.core.image;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.job.InMemoryDatabase;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An {@link ImageBuildStore} in a map. */
public final class InMemoryImageBuildStore implements ImageBuildStore {
  private final InMemoryDatabase database;
  private final ImageStore images;
  private final BundleStore bundles;

  public InMemoryImageBuildStore(
      InMemoryDatabase database, ImageStore images, BundleStore bundles) {
    this.database = database;
    this.images = images;
    this.bundles = bundles;
  }

  @Override
  public ImageBuild request(ImageBuild build) {
    synchronized (database) {
      return database.request(build);
    }
  }

  @Override
  public boolean commit(ImageBuild before, ImageBuild after) {
    synchronized (database) {
      ImageBuild stored = database.builds.get(before.id());
      if (stored == null || stored.version() != before.version()) {
        return false;
      }
      if (after.state() instanceof ImageBuildState.Ended(var _, var _, var end, Instant at)
          && end instanceof ImageBuildState.End.Succeeded(var digest)) {
        StoredBundle bundle =
            bundles
                .find(digest)
                .orElseThrow(() -> new IllegalStateException("bundle is not stored: " + digest));
        images.publish(
            new Image(after.image(), digest, bundle.architecture(), bundle.sizeBytes(), at),
            after.spec().cause());
      }
      database.builds.put(after.id(), after);
      return true;
    }
  }

  @Override
  public void progress(
      ImageBuildId id, WorkerId worker, Instant at, String step, @Nullable String line) {
    synchronized (database) {
      ImageBuild build = database.builds.get(id);
      if (build == null
          || !(build.state() instanceof ImageBuildState.Running running)
          || !running.worker().equals(worker)) {
        return;
      }
      database.builds.put(
          id,
          new ImageBuild(
              id,
              build.version(),
              build.spec(),
              build.requestedAt(),
              build.attempts(),
              build.cancelRequested(),
              step,
              new ImageBuildState.Running(worker, running.since(), at)));
      List<Line> lines = database.buildLines.computeIfAbsent(id, _ -> new ArrayList<>());
      if (line != null && lines.size() < MAX_LINES) {
        lines.add(new Line(lines.size() + 1, at, line));
      }
    }
  }

  @Override
  public Optional<ImageBuild> find(ImageBuildId id) {
    synchronized (database) {
      return Optional.ofNullable(database.builds.get(id));
    }
  }

  @Override
  public List<ImageBuild> open() {
    synchronized (database) {
      return database.builds.values().stream().filter(build -> !build.ended()).toList();
    }
  }

  @Override
  public Map<ImageRef, ImageBuild> latest(Collection<ImageRef> images) {
    synchronized (database) {
      Map<ImageRef, ImageBuild> latest = new HashMap<>();
      database.builds.values().stream()
          .filter(build -> images.contains(build.image()))
          .sorted(
              Comparator.comparing((ImageBuild build) -> !build.ended())
                  .thenComparing(ImageBuild::id))
          .forEach(build -> latest.put(build.image(), build));
      return latest;
    }
  }

  @Override
  public List<ImageBuild> list(
      @Nullable ImageRef image,
      @Nullable Boolean open,
      @Nullable ImageBuildId olderThan,
      int limit) {
    synchronized (database) {
      return database.builds.descendingMap().values().stream()
          .filter(build -> image == null || build.image().equals(image))
          .filter(build -> open == null || build.ended() != open)
          .filter(build -> olderThan == null || build.id().compareTo(olderThan) < 0)
          .limit(limit)
          .toList();
    }
  }

  @Override
  public List<Line> lines(ImageBuildId build, int after, int limit) {
    synchronized (database) {
      return database.buildLines.getOrDefault(build, List.of()).stream()
          .filter(line -> line.number() > after)
          .limit(limit)
          .toList();
    }
  }

  @Override
  public int removeEnded(Instant before, int limit) {
    synchronized (database) {
      List<ImageBuildId> old =
          database.builds.values().stream()
              .filter(build ->
                  build.state() instanceof ImageBuildState.Ended ended
                      && ended.at().isBefore(before))
              .map(ImageBuild::id)
              .limit(limit)
              .toList();
      old.forEach(database.builds::remove);
      old.forEach(database.buildLines::remove);
      return old.size();
    }
  }
}
