package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.attempt.AttemptMessage.Alarm;
import dev.mayfly.worker.core.bundle.BundlePaths;
import dev.mayfly.worker.core.exec.ExecRequest;
import dev.mayfly.worker.core.exec.ExecSetting;
import dev.mayfly.worker.core.exec.Execs;
import dev.mayfly.worker.core.exec.GuestExecs;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What an attempt's guest is there for: the one command of a batch, or a session's execs and the
 * time without any. Owned by the attempt's owner.
 */
final class Workload {
  /**
   * After this an exec of an adopted session that the orchestrator has not named is not wanted:
   * longer than a connection that breaks takes to come again.
   */
  static final Duration UNCLAIMED_LIMIT = Duration.ofMinutes(2);

  /** For what runs already, as an earlier command or as the guest itself: this is never started. */
  private static final List<String> RUNS_ALREADY = List.of("false");

  private final AttemptRunner.Parts parts;
  private final AttemptTerms terms;
  private final ExecGate gate;
  private final ExecEvents events;
  private final Alarms alarms;

  Workload(AttemptRunner.Parts parts, ExecGate gate, ExecEvents events, Alarms alarms) {
    this.parts = parts;
    this.terms = parts.terms();
    this.gate = gate;
    this.events = events;
    this.alarms = alarms;
  }

  /**
   * Begins with it.
   *
   * @param spec empty: of a batch that runs already and has no secrets
   * @return why it cannot go on
   */
  Optional<Outcome.Faulted> open(LiveGuest guest, Optional<AttemptSpec> spec) {
    var host = parts.host();
    var bundle = host.bundles().find(terms.bundle());
    if (bundle.isEmpty() && terms.session()) {
      return Optional.of(
          OutcomePolicy.fault(
              FaultCode.BUNDLE_ABSENT,
              "this worker has no bundle " + terms.bundle() + " any more"));
    }
    spec.ifPresent(assignment -> parts.output().learn(assignment.secrets()));
    var earlier = parts.journal().entry();
    var setting =
        new ExecSetting(
            terms.lease(),
            guest.session(),
            parts.output(),
            host.timers(),
            Preparation.defaults(bundle, spec),
            terms.shape(),
            host.limits().start(),
            earlier.endedExecs(),
            earlier.execs());
    var execs = new GuestExecs(setting, events, parts.nudge());
    gate.open(execs);
    if (!terms.session()) {
      execs.start(ExecRequest.batch(command(bundle, spec)));
      return Optional.empty();
    }
    awaitIdle(terms.idleLimit());
    if (guest.adopted()) {
      alarms.set(Alarm.UNCLAIMED_DUE, UNCLAIMED_LIMIT);
    }
    return Optional.empty();
  }

  private static List<String> command(Optional<BundlePaths> bundle, Optional<AttemptSpec> spec) {
    var asked =
        spec.map(AttemptSpec::command)
            .filter(command -> !command.isEmpty())
            .or(() -> bundle.map(paths -> paths.defaults().commandLine()));
    return asked.filter(command -> !command.isEmpty()).orElse(RUNS_ALREADY);
  }

  /** Whether execs can be asked for, and none is open. */
  boolean isIdle() {
    return gate.execs().filter(execs -> execs.idleSince().isPresent()).isPresent();
  }

  /** An exec began or ended. */
  void onChanged() {
    events.changeTaken();
    if (isIdle()) {
      awaitIdle(terms.idleLimit());
    }
  }

  /** The end of an exec sets the alarm anew; so while one is open there is nothing to do. */
  Optional<Outcome.Faulted> onIdleDue() {
    var since = gate.execs().map(Execs::idleSince).orElseThrow();
    if (since.isEmpty()) {
      return Optional.empty();
    }
    var left = terms.idleLimit().minus(parts.host().timers().since(since.getAsLong()));
    if (left.isPositive()) {
      awaitIdle(left);
      return Optional.empty();
    }
    return Optional.of(EndPolicy.idle(terms.idleLimit()));
  }

  /** Nobody has asked for the execs that are still unclaimed. */
  void onUnclaimedDue() {
    gate.execs().ifPresent(Execs::dropUnclaimed);
  }

  private void awaitIdle(Duration left) {
    if (terms.idleLimit().isPositive()) {
      alarms.set(Alarm.IDLE_DUE, left);
    }
  }
}
