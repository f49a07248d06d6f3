package dev.mayfly.image.agent;

import java.io.IOException;
import java.io.InputStream;
import java.util.Set;

/** The guest agent's program, as it goes into the initramfs of a boot bundle as {@code /init}. */
public final class GuestAgentBinary {

  /** What the agent says of itself in HELLO_ACK. */
  public static final String VERSION = "0.1.0";

  /** The guest protocol ({@code ops/docs/guest-protocol.md}) it speaks. */
  public static final int PROTOCOL_VERSION = 1;

  /** Architectures, as {@code uname -m} names them, that the program exists for. */
  public static final Set<String> ARCHITECTURES = Set.of("x86_64");

  private GuestAgentBinary() {}

  /** It has 13 KiB; sanitizers would make it some megabytes. */
  private static final int MAX_LOADER_BYTES = 4 << 20;

  /**
   * Opens the program: a static ELF executable under 100 KiB. The caller closes it.
   *
   * @param architecture one of {@link #ARCHITECTURES}
   * @throws IllegalArgumentException when there is no agent for it
   */
  public static InputStream open(String architecture) {
    return program("agent", architecture);
  }

  /**
   * The program a guest's kernel runs to have a module loaded, as it goes into the initramfs beside
   * the pack of modules.
   *
   * @param architecture one of {@link #ARCHITECTURES}
   * @throws IllegalArgumentException when there is none for it
   */
  public static byte[] moduleLoader(String architecture) throws IOException {
    try (InputStream in = program("modprobe", architecture)) {
      return in.readNBytes(MAX_LOADER_BYTES);
    }
  }

  private static InputStream program(String name, String architecture) {
    if (!ARCHITECTURES.contains(architecture)) {
      throw new IllegalArgumentException(
          "there is no guest agent for " + architecture + ", only for " + ARCHITECTURES);
    }
    InputStream program = GuestAgentBinary.class.getResourceAsStream(name + "-" + architecture);
    if (program == null) {
      throw new IllegalStateException("the guest's " + name + " is missing from this build");
    }
    return program;
  }
}
