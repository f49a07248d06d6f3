package dev.mayfly.it.simulation;

import dev.mayfly.api.Blame;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.Outcome;
import dev.mayfly.core.job.Attempt;
import dev.mayfly.core.job.AttemptState;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.it.simulation.GuestProgram.Ending;
import dev.mayfly.it.simulation.Scenario.Trouble.Kind;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import java.util.List;

/** Whether each job ended as what happened to it allows; asked when everything is quiet. */
final class Verdict {
  private final Scenario scenario;
  private final World world;
  private final InMemoryDatabase tables;
  private final StoredInvariants stored;
  private final SimulatedUsers users;

  Verdict(
      Scenario scenario,
      World world,
      InMemoryDatabase tables,
      StoredInvariants stored,
      SimulatedUsers users) {
    this.scenario = scenario;
    this.world = world;
    this.tables = tables;
    this.stored = stored;
    this.users = users;
  }

  void check() {
    for (JobId id : users.jobs().values()) {
      Job job = tables.jobs.get(id);
      if (job == null
          || !(job.progress() instanceof JobProgress.Finished(Outcome outcome, var _))) {
        throw new Violation("job " + id + " was accepted and has not ended: " + job);
      }
      allowed(job, outcome);
      for (Attempt attempt : tables.attempts(id)) {
        explained(job, attempt);
      }
    }
  }

  private void allowed(Job job, Outcome outcome) {
    Attempt last = job.attempt();
    switch (outcome) {
      case Outcome.Cancelled _ -> {
        if (!users.mayHaveCancelled(job.id())) {
          throw new Violation("job " + job.id() + " was cancelled by nobody");
        }
      }
      case Outcome.Exited exited -> {
        if (last == null || !lastOutcome(last).equals(exited)) {
          throw new Violation("job " + job.id() + " ended as its attempt did not: " + job);
        }
      }
      case Outcome.Faulted(FaultCode code, String detail) -> {
        if (code == FaultCode.QUEUE_TIMEOUT || imageFailed(job, code)) {
          return;
        }
        if (last == null || !lastOutcome(last).equals(outcome)) {
          throw new Violation(
              "job " + job.id() + " has a fault that its attempt has not: " + detail);
        }
        boolean retried = code.blame() == Blame.PLATFORM || code.blame() == Blame.EXTERNAL;
        if (retried && job.tries().faults() < job.spec().limits().attempts() - 1) {
          throw new Violation("job " + job.id() + " was given up too early: " + job);
        }
      }
    }
  }

  /** Builders fail at random; only who waits for an image is told. */
  private static boolean imageFailed(Job job, FaultCode code) {
    return job.spec().bundle().isEmpty()
        && job.attempt() == null
        && switch (code.blame()) {
          case USER -> code == FaultCode.IMAGE_REFUSED;
          case EXTERNAL -> code == FaultCode.IMAGE_SOURCE_FAILED;
          case PLATFORM -> code == FaultCode.IMAGE_BUILD_FAILED;
          case CAPACITY -> false;
        };
  }

  private static Outcome lastOutcome(Attempt attempt) {
    if (attempt.state() instanceof AttemptState.Finished finished) {
      return finished.outcome();
    }
    throw new Violation("attempt " + attempt.id() + " has not ended");
  }

  private void explained(Job job, Attempt attempt) {
    String microVm = StoredInvariants.microVmOf(attempt.id());
    List<SimulatedGuest> guests = world.guests(microVm);
    switch (lastOutcome(attempt)) {
      case Outcome.Exited(int code) -> {
        if (guests.stream().noneMatch(guest -> exited(guest, code))) {
          throw new Violation(attempt.id() + " exited with " + code + ", which no guest did");
        }
        wholeLog(attempt, microVm);
      }
      case Outcome.Cancelled _ -> {
        if (!users.mayHaveCancelled(job.id())) {
          throw new Violation(attempt.id() + " was cancelled by nobody");
        }
      }
      case Outcome.Faulted(FaultCode code, String detail) -> {
        if (detail.contains("bug of its own")) {
          throw new Violation(attempt.id() + " met a bug: " + detail);
        }
        boolean ownDoing = world.program(attempt.worker(), microVm).explains(code);
        boolean tooLong = code == FaultCode.JOB_TIMEOUT && tooLong(job, attempt, microVm);
        if (!ownDoing && !tooLong && !byTrouble(code, attempt)) {
          throw new Violation(attempt.id() + " has a fault that nothing explains: " + detail);
        }
      }
    }
  }

  /** What may come over an attempt because of the troubles, whatever its guest does. */
  private boolean byTrouble(FaultCode code, Attempt attempt) {
    return switch (code) {
      case WORKER_LOST, WORKER_FULL -> !scenario.calm();
      case WORKER_LEAVING -> scenario.has(Kind.WORKER_LEAVES);
      case BOOT_FAILED -> scenario.has(Kind.VMM_DIES);
      case VMM_DIED -> diedUnseen(attempt);
      // A worker that freezes while it takes a microVM up finds that it took too long.
      case GUEST_DIED ->
          diedUnseen(attempt) || (scenario.restartsWorkers() && scenario.has(Kind.WORKER_FREEZES));
      case INTERNAL -> scenario.has(Kind.DISK_FILLS);
      // The end of a command is taken in after the time it is up, when both wait.
      case JOB_TIMEOUT ->
          scenario.has(Kind.WORKER_FREEZES) || (scenario.restartsWorkers() && violates(attempt));
      case OUT_OF_MEMORY,
          DISK_FULL,
          COMMAND_NOT_STARTED,
          SESSION_IDLE,
          SESSION_ABANDONED,
          EXEC_TIMEOUT,
          IMAGE_REFUSED,
          IMAGE_SOURCE_FAILED,
          IMAGE_BUILD_FAILED,
          BUNDLE_PULL_FAILED,
          BUNDLE_UNTRUSTED,
          TRANSFER_TOO_LARGE,
          TRANSFER_FAILED,
          QUEUE_TIMEOUT,
          BUNDLE_ABSENT,
          BUNDLE_BROKEN,
          BOOT_TIMEOUT,
          GUEST_SETUP_FAILED,
          GUEST_PANIC,
          GUEST_PROTOCOL ->
          false;
    };
  }

  private boolean diedUnseen(Attempt attempt) {
    return scenario.has(Kind.VMM_DIES)
        || (scenario.restartsWorkers() && (scenario.has(Kind.DISK_FILLS) || diesByItself(attempt)));
  }

  /** What it says while no worker is there is heard by nobody, and it never ends. */
  private boolean violates(Attempt attempt) {
    return world.program(attempt.worker(), StoredInvariants.microVmOf(attempt.id())).ending()
        instanceof Ending.Violates;
  }

  /** How its VMM ended is not known to a worker that was away. */
  private boolean diesByItself(Attempt attempt) {
    GuestProgram program =
        world.program(attempt.worker(), StoredInvariants.microVmOf(attempt.id()));
    return program.ending() instanceof Ending.Panics || program.ending() instanceof Ending.VmmDies;
  }

  /** It never ends by itself, or not within the job's limit. */
  private boolean tooLong(Job job, Attempt attempt, String microVm) {
    GuestProgram program = world.program(attempt.worker(), microVm);
    return program.ending() instanceof Ending.Hangs
        || program.ending() instanceof Ending.FallsSilent
        // The end of the command takes its way to the worker.
        || program.length().plusSeconds(1).compareTo(job.spec().limits().run()) >= 0;
  }

  private static boolean exited(SimulatedGuest guest, int code) {
    return guest.program().ending() instanceof Ending.Exits(int wanted)
        && wanted == code
        && guest.end() != null;
  }

  /** The log of what ended by itself is stored to its last byte, unless a disk was lost. */
  private void wholeLog(Attempt attempt, String microVm) {
    if (world.disksLost() > 0) {
      return;
    }
    if (!attempt.logComplete()) {
      throw new Violation("the log of " + attempt.id() + " is not complete: " + attempt);
    }
    for (GuestStream stream : GuestStream.values()) {
      long printed = world.printedBy(microVm, stream);
      long there = stored.stored(attempt.id(), stream);
      if (there != printed) {
        throw new Violation(
            "log of " + attempt.id() + ": " + there + " of " + printed + " bytes of " + stream);
      }
    }
  }
}
