package dev.mayfly.image.oci;

import java.util.Locale;

/**
 * What an image runs on, in the words of the OCI image specification (Go's GOOS and GOARCH).
 *
 * @param variant for example {@code v8}; empty where there is none
 */
public record OciPlatform(String os, String architecture, String variant) {
  private static final String LINUX = "linux";

  /** Of this machine. */
  public static OciPlatform ofThisMachine() {
    String machine = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return switch (machine) {
      case "amd64", "x86_64" -> new OciPlatform(LINUX, "amd64", "");
      case "aarch64" -> new OciPlatform(LINUX, "arm64", "v8");
      default -> new OciPlatform(LINUX, machine, "");
    };
  }

  /** Whether an image that says it is for {@code other} runs here. */
  public boolean runs(OciPlatform other) {
    return os.equals(other.os)
        && architecture.equals(other.architecture)
        && (other.variant.isEmpty() || other.variant.equals(variant));
  }

  /** The architecture as {@code uname -m} says it. */
  public String machine() {
    return switch (architecture) {
      case "amd64" -> "x86_64";
      case "arm64" -> "aarch64";
      default -> architecture;
    };
  }

  /** {@code linux/arm64/v8}. */
  @Override
  public String toString() {
    return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
  }
}
