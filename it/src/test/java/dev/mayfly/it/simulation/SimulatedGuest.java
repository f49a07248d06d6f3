package dev.mayfly.it.simulation;

import dev.mayfly.it.simulation.GuestProgram.Ending;
import dev.mayfly.it.simulation.GuestProgram.Print;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One microVM as it is on its host, whatever a worker process thinks of it: it boots, prints and
 * ends by its {@link GuestProgram}, also while no worker process listens.
 */
final class SimulatedGuest {
  private static final int VMM_KILLED = 137;
  private static final int SIGTERM_STATUS = 15;

  /** What it printed: one piece after the other. */
  record Piece(GuestStream stream, long offset, int length) {}

  private final String name;
  private final GuestProgram program;
  private final SimulatedProcess power;
  private final SplittableRandom random;
  private final Runnable gone;
  private final List<Piece> printed = new ArrayList<>();
  private final Map<GuestStream, Long> lengths = new EnumMap<>(GuestStream.class);
  private @Nullable SimulatedConversation conversation;
  private @Nullable ExecEnd end;
  private boolean setUp;
  private boolean commandStarted;
  private boolean silent;
  private boolean alive = true;
  private int exitCode;

  /**
   * @param power on which it runs: ends with the host
   * @param gone told once when its VMM has ended
   */
  SimulatedGuest(
      String name,
      GuestProgram program,
      SimulatedProcess power,
      SplittableRandom random,
      Runnable gone) {
    this.name = name;
    this.program = program;
    this.power = power;
    this.random = random;
    this.gone = gone;
  }

  String name() {
    return name;
  }

  GuestProgram program() {
    return program;
  }

  boolean alive() {
    return alive;
  }

  int exitCode() {
    return exitCode;
  }

  boolean silent() {
    return silent;
  }

  void setUp() {
    setUp = true;
  }

  boolean isSetUp() {
    return setUp;
  }

  boolean commandStarted() {
    return commandStarted;
  }

  @Nullable ExecEnd end() {
    return end;
  }

  List<Piece> printed() {
    return printed;
  }

  long length(GuestStream stream) {
    return lengths.getOrDefault(stream, 0L);
  }

  Duration jitter(int mostMillis) {
    return Duration.ofMillis(random.nextInt(mostMillis));
  }

  /** The conversation that hears of what happens; an older one hears nothing more. */
  void converse(SimulatedConversation with) {
    conversation = with;
  }

  /** The command begins. */
  void start() {
    commandStarted = true;
    later(0);
  }

  private void later(int step) {
    if (step < program.prints().size()) {
      Print print = program.prints().get(step);
      onPower(
          print.pause(),
          () -> {
            print(print);
            later(step + 1);
          });
    } else {
      onPower(program.runTime(), this::finish);
    }
  }

  private void onPower(Duration delay, Runnable action) {
    power.after(
        delay,
        () -> {
          if (alive && end == null) {
            action.run();
          }
        });
  }

  private void print(Print print) {
    long offset = length(print.stream());
    lengths.put(print.stream(), offset + print.bytes());
    printed.add(new Piece(print.stream(), offset, print.bytes()));
    tell();
  }

  private void tell() {
    if (conversation != null) {
      conversation.news();
    }
  }

  private void finish() {
    switch (program.ending()) {
      case Ending.Exits(int code) -> ends(new ExecEnd(false, code, false, false, false, 0, 0, 1));
      case Ending.OutOfMemory _ -> ends(new ExecEnd(true, 9, true, false, false, 0, 0, 1));
      case Ending.DiskFull _ -> ends(new ExecEnd(false, 1, false, true, false, 0, 0, 1));
      case Ending.VmmDies _ -> dies(1);
      case Ending.Panics _ -> dies(0);
      case Ending.FallsSilent _ -> silent = true;
      case Ending.Hangs _ -> {}
      case Ending.Violates _ -> {
        if (conversation != null) {
          conversation.violated();
        }
      }
    }
  }

  private void ends(ExecEnd how) {
    end = how;
    tell();
  }

  /** SIGTERM to everything the command started. */
  void terminate() {
    if (program.obeysSignals() && !silent) {
      onPower(
          jitter(3_000),
          () -> ends(new ExecEnd(true, SIGTERM_STATUS, false, false, false, 0, 0, 1)));
    }
  }

  /** Its VMM is killed. Idempotent. */
  void kill() {
    dies(VMM_KILLED);
  }

  void dies(int code) {
    if (alive) {
      alive = false;
      exitCode = code;
      gone.run();
      if (conversation != null) {
        conversation.vmmEnded();
      }
    }
  }
}
