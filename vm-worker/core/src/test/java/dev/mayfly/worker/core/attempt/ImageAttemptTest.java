package dev.mayfly.worker.core.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.ScriptedHost.Step;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.InMemoryLogSpool;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.time.ManualTimers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an attempt does that depends on its image: its pull, its own command, no agent. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ImageAttemptTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.1.1");
  private static final Duration LIMIT = Duration.ofSeconds(600);

  private final ManualTimers timers = new ManualTimers();
  private final ScriptedHost host = new ScriptedHost();
  private final RecordingReports reports = new RecordingReports();
  private final InMemoryLogSpool spool = new InMemoryLogSpool();
  private final AttemptLog output =
      new AttemptLog(spool.create(LEASE), timers, timers.nanoTime(), 1L << 30, () -> {});

  private List<String> preface = List.of();
  private @Nullable AttemptRunner runner;

  @AfterEach
  void nothingIsLeft() {
    assertThat(host.world()).isEmpty();
    assertThat(timers.pendingCount()).isZero();
  }

  private Thread begin(boolean session, String... command) {
    var spec =
        new AttemptSpec(
            LEASE,
            ScriptedHost.BUNDLE,
            "osv:1",
            new Shape(1, 512, 2048),
            List.of(command),
            List.of(),
            "",
            "",
            LIMIT,
            NetworkMode.USER,
            session,
            Duration.ZERO,
            session ? Secrets.NONE : Secrets.of(List.of("s3cret")),
            AttemptSpec.DEFAULT_LOG_LIMIT_BYTES,
            preface,
            timers.nanoTime());
    output.learn(spec.secrets());
    var terms = AttemptTerms.of(spec, Duration.ofMinutes(1));
    var journal = new AttemptJournal(host.journals(), JournalEntry.begin(terms, 0));
    var phases = new PhaseLog(timers, terms.assignedAt(), Map.of());
    var runner =
        AttemptRunner.fresh(
            new AttemptRunner.Parts(
                terms,
                host.ports(timers),
                output,
                journal,
                new AttemptReporter(LEASE, phases, journal, reports, 0),
                phases,
                () -> {},
                () -> {}),
            spec);
    this.runner = runner;
    return Thread.ofVirtual().start(runner::run);
  }

  private Outcome outcome(Thread owner) throws InterruptedException {
    var finished = reports.await(AttemptEvent.Finished.class);
    owner.join();
    return finished.outcome();
  }

  private void assertFault(Thread owner, FaultCode code, String detail)
      throws InterruptedException {
    assertThat(outcome(owner))
        .isInstanceOfSatisfying(
            Outcome.Faulted.class,
            fault -> {
              assertThat(fault.code()).isEqualTo(code);
              assertThat(fault.detail()).contains(detail);
            });
  }

  private String logged(LogStream stream) throws IOException {
    var text = new StringBuilder();
    for (var chunk = output.next(0);
        chunk.isPresent();
        chunk = output.next(chunk.get().sequence())) {
      if (chunk.get().stream() == stream) {
        text.append(new String(chunk.get().data(), StandardCharsets.UTF_8));
      }
    }
    return text.toString();
  }

  @Test
  void theLogBeginsWithWhatHappenedBefore() throws Exception {
    preface = List.of("image osv:1 was built in 84 s", "a\nb" + "x".repeat(600));
    host.pullBundle();
    var owner = begin(false, "true");
    host.awaitGuest().exits(0);

    assertThat(outcome(owner)).isEqualTo(new Outcome.Exited(0));
    assertThat(logged(LogStream.SYSTEM))
        .startsWith(
            "mayfly: image osv:1 was built in 84 s\nmayfly: a b"
                + "x".repeat(497)
                + "\nmayfly: pulling osv:1");
  }

  @Test
  void theLogSaysThatTheImageIsPulled() throws Exception {
    host.pullBundle();
    var owner = begin(false, "true");
    host.awaitGuest().exits(0);

    assertThat(outcome(owner)).isEqualTo(new Outcome.Exited(0));
    assertThat(logged(LogStream.SYSTEM))
        .isEqualTo("mayfly: pulling osv:1: 0 of 3 MiB\nmayfly: pulled in 0.0 s\n");
  }

  @ParameterizedTest
  @CsvSource({
    "ABSENT,BUNDLE_ABSENT",
    "PULL_FAILED,BUNDLE_PULL_FAILED",
    "UNTRUSTED,BUNDLE_UNTRUSTED",
    "BROKEN,BUNDLE_BROKEN"
  })
  void aBundleThatCannotBeHadSaysWhy(BundleFailure.Kind kind, FaultCode code) throws Exception {
    host.failAt(Step.BUNDLE, new BundleFailure(kind, "for this reason", null));

    assertFault(begin(false, "true"), code, "for this reason");
  }

  @Test
  void aPullStopsAtOnceWhenItsJobIsCancelled() throws Exception {
    var reached = host.hangAt(Step.BUNDLE);
    var owner = begin(false, "true");
    reached.await();

    Objects.requireNonNull(runner).end(new EndReason.Cancelled());

    assertThat(outcome(owner)).isEqualTo(new Outcome.Cancelled());
  }

  @Test
  void aBatchWithoutACommandRunsWhatTheImageSays() throws Exception {
    var owner = begin(false);
    var guest = host.awaitGuest();

    assertThat(guest.command().command()).containsExactly("/entry", "serve");
    guest.exits(0);
    assertThat(outcome(owner)).isEqualTo(new Outcome.Exited(0));
  }

  @Test
  void anImageThatSaysNothingNeedsACommand() throws Exception {
    host.forgetCommand();

    assertFault(begin(false), FaultCode.COMMAND_NOT_STARTED, "names no entrypoint");
  }

  @Test
  void theConsoleOfAGuestWithoutAgentIsItsOutputAndItsPowerOffTheEnd() throws Exception {
    host.useConsoleGuest();
    var owner = begin(false);
    reports.await(AttemptEvent.Running.class);
    var console = host.consoleOf("7c8d9e0f1a2b.1");
    console.print("booted\r\n");
    console.print("the s3cr");
    console.print("et is out\r\nbye");
    console.end(0);

    assertThat(outcome(owner)).isEqualTo(new Outcome.Exited(0));
    assertThat(logged(LogStream.STDOUT)).isEqualTo("booted\nthe *** is out\nbye");
  }

  @Test
  void aPanicOnTheConsoleIsAFault() throws Exception {
    host.useConsoleGuest();
    var owner = begin(false);
    reports.await(AttemptEvent.Running.class);
    var console = host.consoleOf("7c8d9e0f1a2b.1");
    console.print("Kernel panic - not syncing\r\n");
    console.end(0);

    assertFault(owner, FaultCode.GUEST_PANIC, "panicked");
    assertThat(logged(LogStream.STDOUT)).isEqualTo("Kernel panic - not syncing\n");
  }

  @Test
  void aVmmThatDiesUnderAConsoleGuestIsAFault() throws Exception {
    host.useConsoleGuest();
    var owner = begin(false);
    reports.await(AttemptEvent.Running.class);
    host.consoleOf("7c8d9e0f1a2b.1").end(139);

    assertFault(owner, FaultCode.VMM_DIED, "139");
  }

  @Test
  void aConsoleGuestThatRunsTooLongIsEnded() throws Exception {
    host.useConsoleGuest();
    var owner = begin(false);
    reports.await(AttemptEvent.Running.class);
    host.consoleOf("7c8d9e0f1a2b.1").print("still here");
    timers.advance(LIMIT);
    timers.advance(EndPolicy.TIMEOUT_GRACE);

    assertFault(owner, FaultCode.JOB_TIMEOUT, "600 s");
    assertThat(logged(LogStream.STDOUT)).isEqualTo("still here");
  }

  @Test
  void nothingCanBeRunInAGuestWithoutAgent() throws Exception {
    host.useConsoleGuest();

    assertFault(begin(false, "true"), FaultCode.COMMAND_NOT_STARTED, "has no agent");
  }

  @Test
  void noSessionCanBeHeldWithAGuestWithoutAgent() throws Exception {
    host.useConsoleGuest();

    assertFault(begin(true), FaultCode.COMMAND_NOT_STARTED, "has no agent");
  }
}
