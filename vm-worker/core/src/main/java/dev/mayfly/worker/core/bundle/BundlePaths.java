package dev.mayfly.worker.core.bundle;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The files of one boot bundle on this host, and what its manifest says a job gets by default.
 *
 * @param guest whether our agent is in it
 * @param initramfs absent only where the guest has no agent
 * @param needsAcpi the kernel finds its devices through ACPI only
 * @param kernelArguments what the kernel's command line ends with; empty: nothing
 */
public record BundlePaths(
    String name,
    Guest guest,
    Path kernel,
    Optional<Path> initramfs,
    Optional<Path> rootfs,
    String rootFileSystem,
    boolean needsAcpi,
    String kernelArguments,
    Defaults defaults) {

  /** How a job runs in it. */
  public enum Guest {
    /** Our agent runs commands. */
    AGENT,
    /** There is no agent: the console is the output, and the power-off the end. */
    CONSOLE
  }

  /**
   * What a job gets that does not say otherwise.
   *
   * @param environment {@code NAME=value}; a job's own come after and win
   * @param user empty: root
   * @param workingDirectory absolute; empty: none
   * @param entrypoint what a batch without a command runs, followed by {@code command}
   */
  public record Defaults(
      List<String> environment,
      String user,
      String workingDirectory,
      List<String> entrypoint,
      List<String> command) {
    public Defaults {
      environment = List.copyOf(environment);
      entrypoint = List.copyOf(entrypoint);
      command = List.copyOf(command);
    }

    /** What a batch without a command of its own runs; empty: the image does not say. */
    public List<String> commandLine() {
      var whole = new ArrayList<>(entrypoint);
      whole.addAll(command);
      return List.copyOf(whole);
    }
  }
}
