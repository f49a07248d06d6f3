package dev.mayfly.worker.daemon.builds;

import dev.mayfly.api.Blame;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest.BundleFile;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.builds.BuildOutcome.Failed;
import dev.mayfly.worker.daemon.builds.BundleTarget.TargetFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One build from its request to the bundle being with the orchestrator. */
final class BuildRun {
  /** Attempts in a row to hand a bundle over that get nothing done; half a minute or so. */
  private static final int MAX_FRUITLESS = 8;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);

  /** A name in a registry is asked for, nothing more. */
  private static final Duration RESOLVE_LIMIT = Duration.ofMinutes(2);

  private static final String UPLOAD = "handing the image over";

  private final BuildRequest request;
  private final BuilderProgram program;
  private final Path home;
  private final BundleTarget target;
  private final int connections;
  private final Consumer<ImageBuilds.BuilderStep> tell;

  /**
   * @param home the builder's state directory
   * @param connections how many files go up at once
   * @param tell gets every step, by any thread
   */
  BuildRun(
      BuildRequest request,
      BuilderProgram program,
      Path home,
      BundleTarget target,
      int connections,
      Consumer<ImageBuilds.BuilderStep> tell) {
    this.request = request;
    this.program = program;
    this.home = home;
    this.target = target;
    this.connections = connections;
    this.tell = tell;
  }

  /** Builds and hands over. An interrupt ends it, and what it has started. */
  BuildOutcome run(HostBuilds.Built built) throws InterruptedException {
    try {
      if (isUnchanged()) {
        return new BuildOutcome.Unchanged();
      }
      AtomicReference<@Nullable BuilderLine> last = new AtomicReference<>();
      var ended = program.run(arguments(), request.timeout(), line -> take(line, last));
      if (ended.timedOut()) {
        return new Failed(
            Blame.PLATFORM,
            "the build took longer than its limit of " + request.timeout().toSeconds() + " s");
      }
      return switch (last.get()) {
        case BuilderLine.Built(var bundle) when ended.exitCode() == 0 -> handOver(bundle, built);
        case BuilderLine.Failed(var error, var blame) -> new Failed(blame, error);
        case null, default ->
            new Failed(
                Blame.PLATFORM,
                "the image builder ended with code " + ended.exitCode() + ": " + ended.lastWords());
      };
    } catch (TargetFailure failure) {
      return new Failed(
          Blame.PLATFORM,
          "the image was built, but the orchestrator did not take it: " + failure.getMessage());
    } catch (IOException failure) {
      return new Failed(Blame.PLATFORM, "the worker could not build: " + failure.getMessage());
    }
  }

  private boolean isUnchanged() throws IOException, InterruptedException {
    if (request.unlessSource().isEmpty()) {
      return false;
    }
    var said = new StringBuffer();
    var ended =
        program.run(
            List.of("resolve", "--", request.source()),
            RESOLVE_LIMIT,
            line -> said.append(line.strip()));
    // When it cannot be told, the build itself says why.
    return ended.exitCode() == 0 && said.toString().equals(request.unlessSource().get().toString());
  }

  private List<String> arguments() {
    List<String> arguments = new ArrayList<>(List.of("build", "--progress=json"));
    arguments.add("--home=" + home);
    arguments.add("--name=" + request.image());
    arguments.add("--from=" + request.source());
    arguments.add("--refresh");
    if (!request.kernel().isEmpty()) {
      arguments.add("--kernel=" + request.kernel());
    }
    return arguments;
  }

  private void take(String line, AtomicReference<@Nullable BuilderLine> last) {
    var read = BuilderLine.parse(line);
    if (read.isPresent()) {
      if (read.get() instanceof BuilderLine.Step step) {
        tell.accept(new ImageBuilds.BuilderStep(step.step(), step.detail(), step.ended()));
      }
      last.set(read.get());
    }
  }

  private BuildOutcome handOver(Sha256 digest, HostBuilds.Built built)
      throws TargetFailure, IOException, InterruptedException {
    var images = home.resolve("images");
    var store = BundleStore.open(images);
    var bundle = store.find(digest);
    if (bundle.isEmpty()) {
      return new Failed(Blame.PLATFORM, "the image builder named a bundle that it did not publish");
    }
    tell.accept(new ImageBuilds.BuilderStep(UPLOAD, "", false));
    upload(bundle.get(), store);
    tell.accept(new ImageBuilds.BuilderStep(UPLOAD, "", true));
    built.take(images, digest);
    // What is here is now also there; the next build of the same makes it again.
    for (String name : List.copyOf(store.names().keySet())) {
      store.forget(name);
    }
    store.collectGarbage();
    return new BuildOutcome.Succeeded(
        digest, bundle.get().manifest().provenance().source().digest());
  }

  private void upload(BootBundle bundle, BundleStore store)
      throws TargetFailure, IOException, InterruptedException {
    Map<Sha256, Path> files = new LinkedHashMap<>();
    for (BundleFile file : bundle.manifest().files()) {
      files.put(file.sha256(), bundle.directory().resolve(file.name()));
    }
    int lacking = files.size() + 1;
    int fruitless = 0;
    while (true) {
      try {
        var missing = target.missing(List.copyOf(files.keySet()));
        fruitless = missing.size() < lacking ? 0 : fruitless;
        lacking = missing.size();
        storeAll(missing, files);
        target.put(bundle.manifest().toBytes(), store.signatures(bundle.digest()));
        return;
      } catch (TargetFailure failure) {
        if (failure.isRefused() || ++fruitless > MAX_FRUITLESS) {
          throw failure;
        }
        long millis = FIRST_PAUSE.toMillis() << Math.min(fruitless, 10);
        Thread.sleep(Math.min(millis, LONGEST_PAUSE.toMillis()));
      }
    }
  }

  private void storeAll(List<Sha256> missing, Map<Sha256, Path> files)
      throws TargetFailure, IOException, InterruptedException {
    var permits = new Semaphore(connections);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      boolean done = false;
      try {
        var uploads = new ExecutorCompletionService<Sha256>(threads);
        List<Future<Sha256>> begun = new ArrayList<>();
        for (Sha256 digest : missing) {
          var file = files.get(digest);
          if (file == null) {
            throw new TargetFailure(
                true, "the orchestrator lacks " + digest + ", which it was not asked for", null);
          }
          begun.add(
              uploads.submit(() -> {
                permits.acquire();
                try {
                  target.store(digest, file);
                  return digest;
                } finally {
                  permits.release();
                }
              }));
        }
        for (int i = 0; i < begun.size(); i++) {
          uploads.take().get();
        }
        done = true;
      } catch (ExecutionException failure) {
        switch (failure.getCause()) {
          case TargetFailure refused -> throw refused;
          case IOException disk -> throw disk;
          case InterruptedException stopped -> throw stopped;
          case RuntimeException bug -> throw bug;
          case null, default -> throw new IllegalStateException(failure.getCause());
        }
      } finally {
        if (!done) {
          threads.shutdownNow();
        }
      }
    }
  }
}
