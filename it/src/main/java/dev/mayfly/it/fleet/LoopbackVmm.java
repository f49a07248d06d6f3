package dev.mayfly.it.fleet;

import dev.mayfly.image.agent.GuestAgentBinary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A test double of a VMM that a worker starts in place of QEMU: the real guest agent as an ordinary
 * process, which runs a job's command on this host. It isolates nothing and never serves a user; it
 * costs 1 MiB and 20 ms where an emulated guest costs 300 MiB and seconds, so that a machine
 * without KVM can have many.
 */
public final class LoopbackVmm {
  private LoopbackVmm() {}

  /** Writes the program into a directory that every user may read; returns its path. */
  public static Path install(Path directory) throws IOException {
    Path agent = directory.resolve("loopback-agent");
    try (InputStream program = GuestAgentBinary.open("x86_64")) {
      Files.copy(program, agent);
    }
    Path script = directory.resolve("loopback-vmm");
    Files.writeString(
        script,
        """
        #!/bin/sh
        # Stands in for qemu-system-x86_64 in tests: understands only what the worker asks of it.
        case "$*" in
          *-version*) echo 'QEMU emulator version 7.2.0 (loopback test double)'; exit 0 ;;
        esac
        # Stays the parent, so that its command line names the microVM as QEMU's would; the agent dies with it.
        setpriv --pdeathsig KILL %s --loopback --listen agent.sock &
        wait $!
        """
            .formatted(agent));
    for (Path file : new Path[] {agent, script}) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    return script;
  }
}
