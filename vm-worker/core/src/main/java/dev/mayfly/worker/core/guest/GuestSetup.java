package dev.mayfly.worker.core.guest;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What makes a booted guest this job's guest.
 *
 * @param wallClock the time to set
 * @param entropy 32 to 512 fresh random bytes of the host
 * @param machineId 32 hexadecimal digits
 * @param rootSerial serial of the root disk; empty: stay in the initramfs (probe)
 * @param scratchSerial serial of the scratch disk; empty: a tmpfs takes the writes
 * @param network absent addresses (empty strings) mean no network
 * @param orphanLimit the guest powers itself off when no host spoke for this long; zero: never
 */
public record GuestSetup(
    Instant wallClock,
    byte[] entropy,
    String hostname,
    String machineId,
    String rootSerial,
    String rootFileSystem,
    String scratchSerial,
    String scratchFileSystem,
    Network network,
    Duration orphanLimit) {

  /** IPv4 settings of the guest's first interface. */
  public record Network(
      boolean up, String address, int prefixLength, String gateway, List<String> nameServers) {

    public static final Network NONE = new Network(false, "", 0, "", List.of());

    /** The addresses of QEMU's user-mode network (its documented defaults). */
    public static final Network USER_MODE =
        new Network(true, "10.0.2.15", 24, "10.0.2.2", List.of("10.0.2.3"));

    public Network {
      nameServers = List.copyOf(nameServers);
    }
  }

  /** Entropy is a secret. */
  @Override
  public String toString() {
    return "GuestSetup[hostname=" + hostname + "]";
  }
}
