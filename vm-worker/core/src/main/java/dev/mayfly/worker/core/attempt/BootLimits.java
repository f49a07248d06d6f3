package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.vm.Hypervisor;
import java.time.Duration;

/**
 * How long each step towards a running command may take.
 *
 * <p>Source of the numbers: a stock kernel reaches user space in 2 to 4 s under emulation and 0.3 s
 * on KVM on a quiet host; the limits leave room for a host that is busy booting others.
 *
 * @param listen from the start of the VMM until it listens
 * @param answer from then until the guest agent answers
 * @param setup for mounts, identity and network in the guest
 * @param start until the guest says that the command runs
 */
public record BootLimits(Duration listen, Duration answer, Duration setup, Duration start) {

  /** With hardware virtualisation. */
  public static final BootLimits KVM =
      new BootLimits(
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10));

  /** With software emulation. */
  public static final BootLimits TCG =
      new BootLimits(
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30));

  /** The limits that suit an accelerator. */
  public static BootLimits of(Hypervisor.Identity identity) {
    return identity.accelerator().equals("tcg") ? TCG : KVM;
  }

  /** All of them together. */
  public Duration total() {
    return listen.plus(answer).plus(setup).plus(start);
  }
}
