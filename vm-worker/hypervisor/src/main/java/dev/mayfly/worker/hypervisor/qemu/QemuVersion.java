package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.core.vm.HypervisorException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which QEMU this is.
 *
 * @param text as QEMU says it, for example {@code 7.2.22}
 */
public record QemuVersion(int major, int minor, String text) {
  /**
   * microvm with ACPI, which Debian's cloud kernel needs, came with 5.2; 7.2 is what we measured.
   */
  private static final int OLDEST_MAJOR = 6;

  /** Starting a program and printing a line; a loaded host may take a second. */
  private static final int ANSWER_SECONDS = 20;

  private static final int MAX_ANSWER_BYTES = 4096;

  private static final Pattern VERSION =
      Pattern.compile("version ((\\d{1,3})\\.(\\d{1,3})[.\\d]*)");

  /**
   * Asks the binary.
   *
   * @param binary a path, or a name on the PATH
   * @throws HypervisorException when it is missing, too old or not QEMU
   */
  public static QemuVersion of(String binary) throws HypervisorException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(List.of(binary, "--version")).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new HypervisorException(
          binary + " could not be started; install the Debian package qemu-system-x86", e);
    }
    try (var out = process.getInputStream()) {
      process.getOutputStream().close();
      byte[] answer = out.readNBytes(MAX_ANSWER_BYTES);
      if (!process.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS)) {
        throw new HypervisorException(binary + " --version did not end");
      }
      return parse(binary, new String(answer, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new HypervisorException(binary + " --version could not be read", e);
    } finally {
      process.destroyForcibly();
    }
  }

  static QemuVersion parse(String binary, String answer) throws HypervisorException {
    Matcher version = VERSION.matcher(answer);
    if (!answer.startsWith("QEMU") || !version.find()) {
      throw new HypervisorException(binary + " does not say which QEMU it is");
    }
    QemuVersion found =
        new QemuVersion(
            Integer.parseInt(version.group(2)),
            Integer.parseInt(version.group(3)),
            version.group(1));
    if (found.major < OLDEST_MAJOR) {
      throw new HypervisorException(
          binary + " is QEMU " + found.text + "; version " + OLDEST_MAJOR + " or newer is needed");
    }
    return found;
  }
}
