package dev.mayfly.worker.linux;

import java.nio.file.Path;

/**
 * Asks the KVM device whether it is there and speaks the API every Linux since 2.6.20 speaks. A yes
 * does not mean that guests run: some hosts offer a device on which Linux guests hang.
 */
public final class KvmDevice {
  public static final Path PATH = Path.of("/dev/kvm");

  /** {@code KVM_GET_API_VERSION} of linux/kvm.h, and the only version it ever answers. */
  private static final long KVM_GET_API_VERSION = 0xAE00;

  private static final int KVM_API_VERSION = 12;

  private KvmDevice() {}

  /** What the device said. */
  public sealed interface Answer {
    /** It can be opened and speaks the API. */
    record Present() implements Answer {}

    /**
     * @param reason fit for people
     */
    record Absent(String reason) implements Answer {}
  }

  public static Answer ask(Path device) {
    LibC library = LibC.load();
    try (OpenFile file = OpenFile.open(library, device, OpenFile.O_RDWR, 0)) {
      int version = library.ioctl(file.descriptor(), KVM_GET_API_VERSION, 0);
      if (version < 0) {
        throw SystemCallException.last(library, device.toString());
      }
      return version == KVM_API_VERSION
          ? new Answer.Present()
          : new Answer.Absent(device + " speaks KVM API version " + version);
    } catch (SystemCallException e) {
      return new Answer.Absent(String.valueOf(e.getMessage()));
    }
  }
}
