package dev.mayfly.it.bench;

import dev.mayfly.api.JobId;
import dev.mayfly.api.Shape;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.PhaseView;
import dev.mayfly.api.rest.ShapeRequest;
import dev.mayfly.client.FollowEnd;
import dev.mayfly.client.FollowRequest;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.Submission;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.it.bench.BuilderProcess.Taken;
import dev.mayfly.it.fleet.Deployment;
import dev.mayfly.it.fleet.DirectoryTree;
import dev.mayfly.it.fleet.Service;
import dev.mayfly.it.fleet.WorkerPlan;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code ./mayfly bench images [-n N] [--accelerator tcg|kvm] [--compressors]}: what an image
 * costs, against {@code cp} of the same bytes: from a {@code docker save} archive to a runnable
 * bundle, a bundle's way to a worker, and from a bundle that the worker has to a ready microVM.
 * Everything is read from the page cache, the baseline too.
 */
public final class ImageBench {
  private static final String IMAGE = "bench:archive";
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** Short beside a pull, which takes a second. */
  private static final long LOOK_MILLIS = 2;

  private static final double MIB = 1024.0 * 1024.0;

  private final ImageBenchOptions options;
  private final Path directory;
  private final BuilderProcess builder;
  private final Path home;

  private ImageBench(ImageBenchOptions options, Path directory, Path home) {
    this.options = options;
    this.directory = directory;
    this.home = home;
    this.builder = new BuilderProcess(home);
  }

  public static void main(String[] arguments) throws Exception {
    ImageBenchOptions options;
    try {
      options = ImageBenchOptions.parse(arguments);
    } catch (IllegalArgumentException wrong) {
      System.err.println("mayfly: " + wrong.getMessage());
      System.exit(2);
      return;
    }
    Path images = Path.of(System.getenv("MAYFLY_HOME")).resolve("images");
    BootBundle debian =
        BundleStore.open(images)
            .find("debian:12")
            .orElseThrow(() -> new IllegalStateException("debian:12 is not built"));
    // Short, because the path of a Unix socket holds 107 bytes.
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "mayfly-bench-");
    // A VMM runs as a user of its own, and the stand-in for one lies beneath.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    try {
      Path home = Files.createDirectory(directory.resolve("b"));
      new ImageBench(options, directory, home).measure(debian);
    } finally {
      DirectoryTree.remove(directory);
    }
  }

  private void measure(BootBundle debian) throws Exception {
    Path tree = SavedImage.tree(debian, directory.resolve("tree"));
    Path archive =
        SavedImage.write(tree, directory.resolve("image.tar"), directory.resolve("work"));
    System.out.printf(
        Locale.ROOT,
        "a docker save archive of the tree of debian:12, %.0f MiB; %d rounds, medians%n",
        Files.size(archive) / MIB,
        options.rounds());
    build(archive);
    if (options.compressors()) {
      Compressors.measure(tree, directory);
    }
    DirectoryTree.remove(tree);
    Files.delete(archive);
    BootBundle bundle = bundle();
    List<WorkerPlan> workers = new ArrayList<>();
    // Each has an empty cache, and its VMM is none, as only the way to the worker is measured.
    for (int round = 0; round < options.rounds(); round++) {
      workers.add(new WorkerPlan("w" + round, true, new Shape(1, 512, 1024)));
    }
    workers.add(
        new WorkerPlan("real", false, new Shape(1, 1024, 4096))
            .withImages(home.resolve("images"))
            .with("MAYFLY_WORKER_ACCELERATOR", options.accelerator()));
    Path fleet = Files.createDirectory(directory.resolve("d"));
    try (Deployment deployment = Deployment.start(fleet, Map.of(), 1, workers)) {
      // Or they would fetch in advance what they are to be seen fetching.
      for (Service worker : deployment.workers().subList(0, options.rounds())) {
        worker.stop(PATIENCE);
      }
      Deployment.Finished published =
          deployment.mayfly(
              0, "image", "publish", IMAGE, "--images", home.resolve("images").toString());
      if (published.code() != 0) {
        throw new IllegalStateException("the bundle was not published: " + published.stderr());
      }
      MayflyClient client = deployment.client(0);
      pull(deployment, bundle);
      boot(client, bundle);
    }
  }

  private void build(Path archive) throws Exception {
    String[] command = {"build", IMAGE, "--from", "archive:" + archive, "--refresh"};
    // Fetches the kernel's package, which is kept, and fills the page cache.
    builder.run(command);
    Times building = new Times();
    Times copying = new Times();
    long ownPeakMib = 0;
    long wholePeakMib = 0;
    for (int round = 0; round < options.rounds(); round++) {
      builder.run("rm", IMAGE);
      builder.run("gc");
      Taken taken = builder.run(command);
      building.add(taken.nanos());
      ownPeakMib = Math.max(ownPeakMib, taken.ownPeakMib());
      wholePeakMib = Math.max(wholePeakMib, taken.wholePeakMib());
      copy(copying, archive);
    }
    BootBundle bundle = bundle();
    print("archive to runnable bundle", building, copying, Files.size(archive));
    System.out.printf(
        Locale.ROOT,
        "  the bundle has %.1f MiB, its root file system %.1f MiB; the builder's peak memory is %d MiB, with its tools %d MiB%n",
        bundle.size() / MIB,
        bundle.manifest().rootfs().orElseThrow().file().size() / MIB,
        ownPeakMib,
        wholePeakMib);
  }

  /**
   * From the first byte on a worker that has nothing until the bundle is there, whole and checked.
   */
  private void pull(Deployment deployment, BootBundle bundle) throws Exception {
    Times pulling = new Times();
    Times copying = new Times();
    for (int round = 0; round < options.rounds(); round++) {
      Service worker = deployment.workers().get(round);
      JobId job = submit(deployment.client(0), "host=" + worker.name());
      Path cache = deployment.homeOf(worker).resolve("worker/images");
      worker.start();
      await(cache.resolve("blobs"), "*");
      long began = System.nanoTime();
      await(cache.resolve("bundles"), "sha256-*");
      pulling.add(System.nanoTime() - began);
      end(deployment.client(0), job);
      worker.stop(PATIENCE);
      copy(copying, bundle.directory());
    }
    print("pull of a bundle over loopback", pulling, copying, bundle.size());
  }

  private static void await(Path directory, String entry) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      if (Files.isDirectory(directory)) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, entry)) {
          if (found.iterator().hasNext()) {
            return;
          }
        }
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException("nothing came to " + directory);
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  /** From its placement until the guest's agent answers, on a worker that has the bundle. */
  private void boot(MayflyClient client, BootBundle bundle) throws Exception {
    run(client, "host=real");
    Times booting = new Times();
    Times copying = new Times();
    for (int round = 0; round < options.rounds(); round++) {
      JobView job = run(client, "host=real");
      booting.add(nanos(job, "READY") - nanos(job, "PLACED"));
      copy(copying, bundle.directory());
    }
    print("cached bundle to ready microVM", booting, copying, bundle.size());
  }

  private BootBundle bundle() throws Exception {
    return BundleStore.open(home.resolve("images")).find(IMAGE).orElseThrow();
  }

  private void copy(Times times, Path from) throws Exception {
    Path to = directory.resolve("copy");
    times.measure(() -> {
      Programs.run("cp", "-r", "--reflink=never", from.toString(), to.toString());
      return to;
    });
    DirectoryTree.remove(to);
  }

  private static JobView run(MayflyClient client, String label) throws Exception {
    return end(client, submit(client, label));
  }

  private static JobId submit(MayflyClient client, String label) throws Exception {
    JobRequest request =
        new JobRequest(
            IMAGE,
            List.of("true"),
            null,
            "/tmp",
            null,
            new ShapeRequest(1, 512, 256),
            null,
            null,
            null,
            null,
            null,
            null,
            List.of(label),
            null,
            1,
            null);
    if (!(client.submit(request) instanceof Submission.Accepted accepted)) {
      throw new IllegalStateException("the job of the benchmark was refused");
    }
    return JobId.parse(accepted.job().id());
  }

  private static JobView end(MayflyClient client, JobId id) throws Exception {
    FollowEnd end = client.follow(FollowRequest.all(id), piece -> true);
    if (!(end instanceof FollowEnd.JobEnded ended)
        || ended.job().outcome() == null
        || !"EXITED".equals(ended.job().outcome().kind())) {
      throw new IllegalStateException("the job of the benchmark did not end well: " + end);
    }
    return ended.job();
  }

  private static long nanos(JobView job, String phase) {
    return job.phases().stream()
            .filter(reached -> reached.phase().equals(phase))
            .mapToLong(PhaseView::micros)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("the job never reached " + phase))
        * 1000;
  }

  private static void print(String what, Times ours, Times copying, long bytes) {
    System.out.printf(
        Locale.ROOT,
        "%-30s %7.2f s   cp of its %.0f MiB %6.3f s   ratio %.1f%n",
        what,
        ours.medianSeconds(),
        bytes / MIB,
        copying.medianSeconds(),
        ours.medianSeconds() / copying.medianSeconds());
  }
}
