package dev.mayfly.worker.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.AttemptEvent;
import dev.mayfly.worker.core.attempt.AttemptHost;
import dev.mayfly.worker.core.attempt.AttemptSpec;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.BootLimits;
import dev.mayfly.worker.core.attempt.MicroVmFiles;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.attempt.Outbox.Sendable;
import dev.mayfly.worker.core.attempt.ScriptedHost;
import dev.mayfly.worker.core.guest.FakePrograms;
import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.Secrets;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.daemon.journal.FileAttemptJournals;
import dev.mayfly.worker.daemon.spool.FileLogSpool;
import dev.mayfly.worker.hypervisor.simulated.SimulatedHypervisor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Worker cores one after the other on one disk and one simulated microVM that speaks for real. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class WorkerRestartTest {
  private static final AttemptLease LEASE =
      AttemptLease.parse("0197a1b2-c3d4-7e5f-8a6b-00000000000a.1.1");
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final int LINES = 4000;
  private static final int RESTARTS = 20;

  @TempDir Path root;
  private final SystemTimers timers = new SystemTimers();
  private final ScriptedHost bundles = new ScriptedHost();

  /** Each permit lets the job print one line. */
  private final Semaphore lines = new Semaphore(0);

  private final SimulatedHypervisor hypervisor =
      new SimulatedHypervisor(
          FakePrograms.always(process -> {
            for (int line = 0; line < LINES; line++) {
              lines.acquire();
              process.print("line " + line + "\n");
            }
            return 5;
          }));

  /** Directories without disks in them. */
  private record PlainFiles(Path root) implements MicroVmFiles {
    @Override
    public Path createDirectory(String name) throws IOException {
      return Files.createDirectories(directory(name));
    }

    @Override
    public Path directory(String name) {
      return root.resolve(name);
    }

    @Override
    public void removeDirectory(Path directory) throws IOException {
      removeScratch(directory.resolve("scratch"));
      Files.deleteIfExists(directory);
    }

    @Override
    public Path createScratch(Path directory, int scratchMib) throws IOException {
      return Files.createFile(directory.resolve("scratch"));
    }

    @Override
    public void removeScratch(Path scratch) throws IOException {
      Files.deleteIfExists(scratch);
    }
  }

  @AfterEach
  void release() {
    timers.close();
  }

  private final class Core {
    final Outbox outbox = new Outbox(() -> {});
    final Attempts attempts;

    Core() throws IOException {
      var journals = FileAttemptJournals.open(root.resolve("journal"), "boot");
      var spool =
          FileLogSpool.open(root.resolve("spool"), InstantSource.system(), journals::leases);
      attempts =
          new Attempts(
              new AttemptHost(
                  bundles,
                  new PlainFiles(root.resolve("vms")),
                  journals,
                  hypervisor,
                  new FramedGuestSessions(new SecureRandom()),
                  BootLimits.KVM,
                  timers,
                  InstantSource.system(),
                  new SecureRandom()),
              new SlotLedger(new HostCapacity(2, 1024, 4096)),
              spool,
              outbox,
              () -> {});
      attempts.takeUp(journals.read(), spool.leftovers());
    }
  }

  private static AttemptSpec spec(long assignedAt) {
    return new AttemptSpec(
        LEASE,
        ScriptedHost.BUNDLE,
        "debian:12",
        new Shape(1, 512, 1024),
        List.of("count"),
        List.of(),
        "/",
        "",
        Duration.ofMinutes(10),
        NetworkMode.NONE,
        false,
        Duration.ZERO,
        Secrets.NONE,
        AttemptSpec.DEFAULT_LOG_LIMIT_BYTES,
        assignedAt);
  }

  @Test
  void noByteIsLostOrDoubledHoweverOftenTheWorkerIsReplaced() throws Exception {
    var random = new Random(7);
    var core = new Core();
    core.attempts.assign(spec(timers.nanoTime()), timers.nanoTime() + LONG.toNanos(), LONG);
    int allowed = 1;
    lines.release();
    awaitLine(core, 1);
    for (int restart = 0; restart < RESTARTS; restart++) {
      int more = random.nextInt(LINES / RESTARTS);
      lines.release(more);
      allowed += more;
      awaitLine(core, random.nextInt(allowed + 1));
      core.attempts.detach();
      assertThat(core.attempts.awaitNone(LONG)).isTrue();
      core = new Core();
      assertThat(core.attempts.held()).containsExactly(LEASE);
    }
    lines.release(LINES - allowed);
    assertThat(core.attempts.awaitNone(LONG)).isTrue();

    var expected = new StringBuilder();
    for (int line = 0; line < LINES; line++) {
      expected.append("line ").append(line).append('\n');
    }
    var log = new StringBuilder();
    AttemptEvent last = new AttemptEvent.Preparing();
    var cursor = core.outbox.cursor();
    for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
      switch (next.get()) {
        case Sendable.Chunk(var lease, var chunk) ->
            log.append(new String(chunk.data(), StandardCharsets.UTF_8));
        case Sendable.Report(var report) -> last = report.event();
      }
    }
    assertThat(log.toString()).isEqualTo(expected.toString());
    assertThat(last)
        .isInstanceOfSatisfying(
            AttemptEvent.Finished.class,
            finished -> assertThat(finished.outcome()).isEqualTo(new Outcome.Exited(5)));
    assertThat(hypervisor.booted()).isEqualTo(1);
    assertThat(hypervisor.alive()).isZero();
    assertThat(root.resolve("vms")).isEmptyDirectory();
  }

  /** Waits until the log holds as many lines, so that restarts fall at all stages of the output. */
  private static void awaitLine(Core core, int count) {
    long seen = 0;
    var cursor = core.outbox.cursor();
    while (seen < count && !Thread.interrupted()) {
      var next = cursor.next();
      if (next.isPresent() && next.get() instanceof Sendable.Chunk(var lease, var chunk)) {
        for (byte each : chunk.data()) {
          seen += each == '\n' ? 1 : 0;
        }
      } else {
        assertThat(core.attempts.held()).containsExactly(LEASE);
        Thread.onSpinWait();
      }
    }
  }
}
