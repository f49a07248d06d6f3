package dev.mayfly.image.builder;

import dev.mayfly.image.agent.GuestAgentBinary;
import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The program that becomes {@code /init} of a guest. */
final class GuestAgent {
  /** It is meant to stay under 100 KiB; sanitizers make it some megabytes. */
  private static final int MAX_BYTES = 16 << 20;

  private final byte[] program;

  GuestAgent(byte[] program) {
    this.program = program;
  }

  /** The agent this program carries. */
  static GuestAgent load(String architecture) throws BuildException, IOException {
    if (!GuestAgentBinary.ARCHITECTURES.contains(architecture)) {
      throw new BuildException("this program carries no guest agent for " + architecture);
    }
    try (InputStream in = GuestAgentBinary.open(architecture)) {
      byte[] program = in.readNBytes(MAX_BYTES + 1);
      Optional<ElfFile> elf = ElfFile.of(program);
      if (program.length > MAX_BYTES || elf.isEmpty()) {
        throw new BuildException("the guest agent for " + architecture + " is no x86_64 program");
      }
      return new GuestAgent(program);
    }
  }

  byte[] program() {
    return program.clone();
  }

  /** As it says in HELLO_ACK. */
  String version() {
    return GuestAgentBinary.VERSION;
  }

  int protocolVersion() {
    return GuestAgentBinary.PROTOCOL_VERSION;
  }

  /** Names these very bytes among a bundle's sources, so that a new agent makes a new bundle. */
  String source() {
    return "mayfly-guest-agent="
        + GuestAgentBinary.VERSION
        + "+"
        + Sha256.of(program).hex().substring(0, 16);
  }
}
