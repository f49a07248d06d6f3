package dev.mayfly.it.simulation;

import dev.mayfly.api.FaultCode;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What one microVM will do, drawn before it boots: how far it gets, what it prints and how it ends.
 *
 * @param bootTime of each step towards the command
 * @param runTime from the last print to the ending
 * @param obeysSignals its command ends when it is asked to
 */
record GuestProgram(
    Boot boot,
    Duration bootTime,
    List<Print> prints,
    Duration runTime,
    Ending ending,
    boolean obeysSignals) {

  /** How far it gets. */
  enum Boot {
    FINE,
    DIRECTORY_FAILS,
    SCRATCH_FAILS,
    VMM_FAILS,
    NOT_REACHED,
    NO_ANSWER,
    GONE_BEFORE_ANSWER,
    SETUP_FAILS,
    COMMAND_ABSENT
  }

  /** How the command, or its guest, ends. */
  sealed interface Ending {
    record Exits(int code) implements Ending {}

    record OutOfMemory() implements Ending {}

    record DiskFull() implements Ending {}

    record VmmDies() implements Ending {}

    record Panics() implements Ending {}

    /** The guest does not answer any more and never ends. */
    record FallsSilent() implements Ending {}

    /** The guest lives and the command never ends. */
    record Hangs() implements Ending {}

    /** It speaks what is not the protocol. */
    record Violates() implements Ending {}
  }

  record Print(Duration pause, GuestStream stream, int bytes) {}

  private static final Boot[] TROUBLES = Boot.values();

  static GuestProgram draw(SplittableRandom random, Troubles troubles) {
    boolean troubled = troubles.now() && random.nextInt(100) < 12;
    List<Print> prints = new ArrayList<>();
    for (int count = random.nextInt(6); count > 0; count--) {
      prints.add(
          new Print(
              Duration.ofMillis(random.nextInt(3_000)),
              random.nextInt(4) == 0 ? GuestStream.STDERR : GuestStream.STDOUT,
              random.nextInt(20) == 0 ? 65_000 + random.nextInt(2_000) : 1 + random.nextInt(200)));
    }
    return new GuestProgram(
        troubled ? TROUBLES[random.nextInt(TROUBLES.length)] : Boot.FINE,
        Duration.ofMillis(20 + random.nextInt(troubled ? 8_000 : 800)),
        List.copyOf(prints),
        Duration.ofMillis(random.nextInt(random.nextInt(5) == 0 ? 60_000 : 5_000)),
        ending(random, troubles),
        random.nextInt(3) > 0);
  }

  private static Ending ending(SplittableRandom random, Troubles troubles) {
    if (!troubles.now() || random.nextInt(100) < 70) {
      return new Ending.Exits(random.nextInt(3) == 0 ? random.nextInt(256) : 0);
    }
    return switch (random.nextInt(7)) {
      case 0 -> new Ending.OutOfMemory();
      case 1 -> new Ending.DiskFull();
      case 2 -> new Ending.VmmDies();
      case 3 -> new Ending.Panics();
      case 4 -> new Ending.FallsSilent();
      case 5 -> new Ending.Hangs();
      default -> new Ending.Violates();
    };
  }

  /** Whether the world still makes trouble; after the storm nothing new goes wrong. */
  interface Troubles {
    boolean now();
  }

  /** From the start of the command to its ending. */
  Duration length() {
    return prints.stream().map(Print::pause).reduce(runTime, Duration::plus);
  }

  /** The fault that a guest with this program may come to by itself, and no other. */
  boolean explains(FaultCode code) {
    return switch (boot) {
      case DIRECTORY_FAILS, SCRATCH_FAILS, VMM_FAILS, NOT_REACHED, GONE_BEFORE_ANSWER ->
          code == FaultCode.BOOT_FAILED;
      case NO_ANSWER -> code == FaultCode.BOOT_TIMEOUT;
      case SETUP_FAILS -> code == FaultCode.GUEST_SETUP_FAILED;
      case COMMAND_ABSENT -> code == FaultCode.COMMAND_NOT_STARTED;
      case FINE ->
          switch (ending) {
            case Ending.Exits _, Ending.Hangs _ -> false;
            case Ending.OutOfMemory _ -> code == FaultCode.OUT_OF_MEMORY;
            case Ending.DiskFull _ -> code == FaultCode.DISK_FULL;
            case Ending.VmmDies _ -> code == FaultCode.VMM_DIED;
            case Ending.Panics _ -> code == FaultCode.GUEST_PANIC;
            case Ending.FallsSilent _ -> code == FaultCode.GUEST_DIED;
            case Ending.Violates _ -> code == FaultCode.GUEST_PROTOCOL;
          };
    };
  }

  /** What a stream's byte at an offset is. */
  static byte byteAt(String microVm, GuestStream stream, long offset) {
    long mixed = (offset + microVm.hashCode()) * 0x9E3779B97F4A7C15L + stream.wire();
    return (byte) ('!' + Math.floorMod(mixed >>> 40, 90));
  }
}
