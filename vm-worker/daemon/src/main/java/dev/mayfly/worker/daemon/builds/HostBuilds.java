package dev.mayfly.worker.daemon.builds;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Builds on this host, by the image builder's program. One at a time. */
public final class HostBuilds implements ImageBuilds.Runner {
  private final BuilderProgram program;
  private final Path home;
  private final BundleTarget target;
  private final int connections;
  private final Built built;

  /** Is given a bundle that was built here, while it still lies in the builder's store. */
  @FunctionalInterface
  public interface Built {
    void take(Path images, Sha256 bundle) throws IOException, InterruptedException;
  }

  /**
   * @param command the builder's program and its first arguments
   * @param home the builder's state directory
   * @param environment of the worker; little of it goes on
   * @param connections how many files go up at once
   */
  public HostBuilds(
      List<String> command,
      Path home,
      Map<String, String> environment,
      BundleTarget target,
      int connections,
      Built built)
      throws IOException {
    Files.createDirectories(
        home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    this.program = new BuilderProgram(command, home, environment);
    this.home = home;
    this.target = target;
    this.connections = connections;
    this.built = built;
  }

  /** Ends a builder that an earlier worker process has left, and removes what it worked in. */
  public void removeLeftovers() throws IOException {
    program.removeLeftovers();
  }

  @Override
  public BuildOutcome run(BuildRequest request, Consumer<ImageBuilds.BuilderStep> tell)
      throws InterruptedException {
    return new BuildRun(request, program, home, target, connections, tell).run(built);
  }
}
