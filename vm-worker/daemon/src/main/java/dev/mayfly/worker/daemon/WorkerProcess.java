package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.attempt.AttemptHost;
import dev.mayfly.worker.core.attempt.AttemptJournals;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.BootLimits;
import dev.mayfly.worker.core.attempt.MicroVmFiles;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.attempt.SessionExecs;
import dev.mayfly.worker.core.guest.GuestSessions;
import dev.mayfly.worker.core.janitor.HostLeftovers;
import dev.mayfly.worker.core.janitor.JanitorReconciler;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.LogSpool;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.daemon.config.WorkerConfig.OnStop;
import dev.mayfly.worker.daemon.link.LinkPorts;
import dev.mayfly.worker.daemon.link.Nudge;
import dev.mayfly.worker.daemon.link.Registration;
import dev.mayfly.worker.daemon.link.WorkerLinkClient;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running worker: starts what there is to start, in order, and takes it down again within the
 * 20 s that a service manager gives. {@link #start} once, {@link #stop} once, from any thread.
 */
final class WorkerProcess {
  /** Bundles appear when somebody builds an image; nobody wants to wait long for that. */
  private static final Duration LOOK_PERIOD = Duration.ofSeconds(5);

  /** Every 30 s, so that a microVM which nobody claims is gone within a minute. */
  private static final int JANITOR_EVERY_LOOKS = 6;

  /** The graces of jobs (3 s), of a preparation that does not stop (5 s), and killing VMMs. */
  static final Duration JOBS_END_LIMIT = Duration.ofSeconds(12);

  /** For the last reports to be acknowledged; what is not is named lost by the orchestrator. */
  static final Duration DELIVERY_LIMIT = Duration.ofSeconds(3);

  private static final Duration LINK_CLOSE_LIMIT = Duration.ofSeconds(3);
  private static final Duration DELIVERY_LOOK = Duration.ofMillis(20);

  private static final Logger log = LoggerFactory.getLogger(WorkerProcess.class);

  private final Parts parts;
  private final Nudge nudge;
  private final Outbox outbox;
  private final Attempts attempts;
  private final JanitorReconciler janitor;
  private final WorkerLinkClient link;
  private final Set<AttemptLease> unreadSpools = ConcurrentHashMap.newKeySet();
  private final Thread linkThread;
  private final Thread housekeeping;

  /**
   * What the worker is made of.
   *
   * @param images made with the nudge of the link
   */
  record Parts(
      Registration registration,
      Hypervisor hypervisor,
      GuestSessions sessions,
      MicroVmFiles files,
      HostLeftovers leftovers,
      WorkerImages images,
      LogSpool spool,
      AttemptJournals journals,
      Timers timers,
      LinkPorts.Dialler dialler,
      LinkPorts.TokenSource token,
      LinkPorts.HostReadings readings,
      LinkPorts.LinkListener listener,
      SecureRandom random,
      OnStop onStop,
      Nudge nudge) {}

  WorkerProcess(Parts parts) {
    this.parts = parts;
    this.nudge = parts.nudge();
    this.outbox = new Outbox(nudge::give);
    var host =
        new AttemptHost(
            parts.images().bundles(),
            parts.files(),
            parts.journals(),
            parts.hypervisor(),
            parts.sessions(),
            BootLimits.of(parts.hypervisor().identity()),
            parts.timers(),
            InstantSource.system(),
            parts.random());
    var slots = new SlotLedger(parts.registration().capacity());
    this.attempts = new Attempts(host, slots, parts.spool(), outbox, nudge::give);
    this.janitor =
        new JanitorReconciler(
            parts.leftovers(), new AttemptClaims(attempts, outbox, slots, unreadSpools));
    this.link =
        new WorkerLinkClient(
            new LinkPorts(
                parts.dialler(),
                parts.token(),
                parts.readings(),
                attempts,
                new SessionExecs(attempts),
                outbox,
                parts.images().bundles(),
                parts.images(),
                parts.images().builds(),
                parts.timers(),
                nudge,
                parts.listener()),
            parts.registration(),
            parts.random());
    this.linkThread = Thread.ofVirtual().name("link").unstarted(this::runLink);
    this.housekeeping = Thread.ofVirtual().name("housekeeping").unstarted(this::keepHouse);
  }

  /**
   * Removes what an earlier run left behind and this one does not take up. Before anything is
   * started.
   */
  static void cleanUp(HostLeftovers leftovers, AttemptJournals journals)
      throws IOException, InterruptedException {
    var claims = EarlierClaims.of(journals, leftovers);
    int removed = new JanitorReconciler(leftovers, claims).reconcile();
    if (removed > 0) {
      log.atInfo().addKeyValue("things", removed).log("Leftovers of an earlier run were removed");
    }
  }

  /** Takes up what an earlier run had, and begins to work. */
  void start() throws IOException {
    var spools = parts.spool().leftovers();
    unreadSpools.addAll(parts.leftovers().spools());
    spools.forEach(leftover -> unreadSpools.remove(leftover.lease()));
    var taken = attempts.takeUp(parts.journals().read(), spools);
    for (var leftover : spools) {
      if (!taken.contains(leftover.lease())) {
        outbox.trackLeftover(leftover.lease(), AttemptLog.leftover(leftover, parts.timers()));
      }
    }
    parts.images().start();
    linkThread.start();
    housekeeping.start();
  }

  /** Ends, with all microVMs or without them, as the settings say. */
  void stop(String reason) throws InterruptedException {
    log.atInfo()
        .addKeyValue("reason", reason)
        .addKeyValue("microVMs", parts.onStop())
        .log("Worker began to stop");
    parts.images().stop();
    switch (parts.onStop()) {
      case DESTROY -> leave(reason);
      case KEEP -> detach();
    }
    log.atInfo().log("Worker stopped");
  }

  /** Ends every job and microVM, tells the orchestrator, and ends. */
  private void leave(String reason) throws InterruptedException {
    link.leave(reason);
    attempts.leave();
    if (!attempts.awaitNone(JOBS_END_LIMIT)) {
      log.atError().log("Jobs did not end in time; the next start removes what they left");
    }
    awaitDelivery();
    closeLink();
    stopHousekeeping();
    janitor.reconcile();
  }

  /**
   * Leaves the microVMs to the next process of this worker. The link goes first: an orchestrator
   * that heard of fewer attempts would take the others for lost. What is not delivered yet is on
   * disk.
   */
  private void detach() throws InterruptedException {
    stopHousekeeping();
    closeLink();
    attempts.detach();
    if (!attempts.awaitNone(JOBS_END_LIMIT)) {
      log.atError().log("Not every microVM was let go in time");
    }
  }

  private void closeLink() throws InterruptedException {
    if (!link.close(LINK_CLOSE_LIMIT)) {
      log.atWarn().log("Link did not close in time");
    }
  }

  private void stopHousekeeping() throws InterruptedException {
    housekeeping.interrupt();
    housekeeping.join(LINK_CLOSE_LIMIT);
  }

  private void awaitDelivery() throws InterruptedException {
    long until = parts.timers().nanoTime() + DELIVERY_LIMIT.toNanos();
    while (!outbox.unreported().isEmpty() && parts.timers().nanoTime() - until < 0) {
      Thread.sleep(DELIVERY_LOOK);
    }
  }

  private void runLink() {
    try {
      link.run();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void keepHouse() {
    try {
      for (int look = 1; true; look++) {
        Thread.sleep(LOOK_PERIOD);
        if (parts.images().refresh()) {
          nudge.give();
        }
        if (look % JANITOR_EVERY_LOOKS == 0) {
          janitor.reconcile();
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
