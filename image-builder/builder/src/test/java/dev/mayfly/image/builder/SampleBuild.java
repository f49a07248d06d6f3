package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Builds of a small kernel that is none, so that a build needs no network; in this process, or in
 * one of its own by {@link #main}.
 */
final class SampleBuild {
  static final String NAME = "sample:1";

  private SampleBuild() {}

  /** Publishes what the source gives into the images directory. */
  static BootBundle of(Path images, BuildSource source, Progress progress) throws Exception {
    BundleStore store = BundleStore.open(images);
    boolean root = "root".equals(System.getProperty("user.name"));
    try (WorkDirectory work = WorkDirectory.open(images.resolve("work"))) {
      BuildRoom room =
          new BuildRoom(work, new Commands(System.getenv()), new Steps(progress), root);
      return new BundleAssembly(store, room)
          .run(NAME, source, ignored -> kernel(images), GuestAgent.load("x86_64"));
    }
  }

  static GuestKernel kernel(Path images) throws IOException {
    Path directory = Files.createDirectories(images.resolve("kernels/sample"));
    Files.write(directory.resolve(GuestKernel.VMLINUX), SampleElf.kernel(true, "Linux version 6"));
    return new GuestKernel(directory, "6.0-sample", "sample", true, List.of(), List.of("sample=1"));
  }

  /**
   * Arguments: images directory, tarball. Says each step's begin and end on standard output, and
   * the bundle's digest at last.
   */
  public static void main(String[] arguments) throws Exception {
    Progress printed =
        new Progress() {
          @Override
          public void started(String step) {
            say("started " + step);
          }

          @Override
          public void noted(String detail) {
            say("noted " + detail);
          }

          @Override
          public void finished(String step, Duration took) {
            say("finished " + step);
          }
        };
    TarSource source = new TarSource(Path.of(arguments[1]), System.in);
    Sha256 digest = of(Path.of(arguments[0]), source, printed).digest();
    say("published " + digest);
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
