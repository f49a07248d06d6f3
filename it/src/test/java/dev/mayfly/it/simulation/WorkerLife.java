package dev.mayfly.it.simulation;

import dev.mayfly.worker.core.attempt.AdoptionPolicy;
import dev.mayfly.worker.core.attempt.AttemptHost;
import dev.mayfly.worker.core.attempt.AttemptJournals;
import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.BootLimits;
import dev.mayfly.worker.core.attempt.EndReason;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.janitor.JanitorPlanner.Intended;
import dev.mayfly.worker.core.janitor.JanitorReconciler;
import dev.mayfly.worker.core.janitor.WorkerClaims;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import dev.mayfly.worker.core.log.LogSpool;
import dev.mayfly.worker.core.slot.SlotLedger;
import dev.mayfly.worker.core.time.Timers;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One life of a worker's process: the real core over the simulated host, put together and run as
 * the daemon does it.
 */
final class WorkerLife {
  /** To end what it takes up under a lease that is over. */
  private static final Duration TAKE_UP = Duration.ofSeconds(1);

  private static final Duration JANITOR_PERIOD = Duration.ofSeconds(30);

  private final SimulatedHost host;
  private final World world;
  private final SimulatedProcess process;
  private final CountedTimers timers;
  private final HostPorts ports;
  private final LogSpool spool;
  private final SlotLedger slots;
  private final Outbox outbox;
  private final Attempts attempts;
  private final JanitorReconciler janitor;
  private final WorkerLink link;
  private final long bornAt;
  private boolean detached;

  WorkerLife(SimulatedHost host, World world, WorkerLink.Dialler dialler) {
    this.host = host;
    this.world = world;
    this.bornAt = world.time().now();
    this.process = host.process();
    this.timers = new CountedTimers(process);
    this.spool = new FillingSpool(host);
    this.ports = new HostPorts(host, process, world);
    this.slots = new SlotLedger(host.capacity());
    this.outbox = new Outbox(this::nudge);
    this.attempts =
        new Attempts(
            new AttemptHost(
                ports,
                ports,
                host.journals(),
                ports,
                ports,
                BootLimits.KVM,
                timers,
                world.time().clock(),
                new NoEntropy()),
            slots,
            spool,
            outbox,
            this::nudge);
    this.janitor = new JanitorReconciler(ports, new Claims(attempts, outbox, slots));
    this.link = new WorkerLink(host, process, attempts, outbox, dialler, world);
    process.run(this::start);
  }

  private void nudge() {
    link.nudge();
  }

  private void start() {
    if (!world.has(Defect.NOBODY_CLEANS_UP)) {
      clean(new JanitorReconciler(ports, EarlierClaims.of(host)));
    }
    List<LogSpool.Leftover> spools = spool.leftovers();
    Set<AttemptLease> taken = attempts.takeUp(host.journals().read(), spools);
    world.trace(process, "took up", taken);
    for (LogSpool.Leftover leftover : spools) {
      if (!taken.contains(leftover.lease())) {
        outbox.trackLeftover(leftover.lease(), AttemptLog.leftover(leftover, timers));
      }
    }
    link.start();
    process.after(JANITOR_PERIOD, this::keepHouse);
  }

  private static void clean(JanitorReconciler janitor) {
    try {
      janitor.reconcile();
    } catch (InterruptedException impossible) {
      throw new IllegalStateException("nobody interrupts the janitor", impossible);
    }
  }

  private void keepHouse() {
    if (detached) {
      return;
    }
    clean(janitor);
    process.after(JANITOR_PERIOD, this::keepHouse);
  }

  /** It answers for the microVMs of its host; not while it leaves them to the next life. */
  boolean inCharge() {
    return !detached && age().compareTo(TAKE_UP) > 0 && process.frozenUntil() <= world.time().now();
  }

  /** Since its start. */
  private Duration age() {
    return Duration.ofNanos(world.time().now() - bornAt);
  }

  SimulatedProcess process() {
    return process;
  }

  WorkerLink link() {
    return link;
  }

  /** It shuts down in good order. */
  void leave() {
    process.run(() -> {
      link.leave();
      attempts.leave();
    });
  }

  /** It ends and leaves its microVMs to the next life. The link goes first. */
  void detach() {
    process.run(() -> {
      detached = true;
      link.close();
      attempts.detach();
    });
  }

  /** Nothing runs here and nothing is left to tell. */
  boolean idle() {
    return attempts.held().isEmpty() && outbox.isEmpty();
  }

  List<AttemptLease> held() {
    return attempts.held();
  }

  /** Everything that should be gone and is not; empty: nothing. */
  String leftBehind() {
    StringBuilder left = new StringBuilder();
    if (!slots.free().equals(slots.capacity())) {
      left.append(" slots ").append(slots.free()).append(" of ").append(slots.capacity());
    }
    if (!attempts.held().isEmpty()) {
      left.append(" attempts ").append(attempts.held());
    }
    if (!outbox.isEmpty()) {
      left.append(" outbox is not empty");
    }
    if (timers.pending() > 0) {
      left.append(" timers ").append(timers.pending());
    }
    if (!host.microVms().isEmpty()) {
      left.append(" microVMs ").append(host.microVms().keySet());
    }
    if (!host.directories().isEmpty() || !host.scratches().isEmpty()) {
      left.append(" directories ").append(host.directories()).append(host.scratches());
    }
    if (!host.journals().leases().isEmpty()) {
      left.append(" journals ").append(host.journals().leases());
    }
    if (!host.spool().present().isEmpty()) {
      left.append(" spools ").append(host.spool().present());
    }
    return left.toString();
  }

  /** What the attempts of this life claim. */
  private record Claims(Attempts attempts, Outbox outbox, SlotLedger ledger)
      implements WorkerClaims {
    private static final Duration OVERDUE = Duration.ofSeconds(30);

    @Override
    public Set<String> slots() {
      return ledger.owners();
    }

    @Override
    public Set<AttemptLease> overdue() {
      return attempts.overdue(OVERDUE);
    }

    @Override
    public Intended intended() {
      return new Intended(attempts.living(), outbox.tracked());
    }

    @Override
    public void releaseSlot(String owner) {
      ledger.release(owner);
    }

    @Override
    public void end(AttemptLease lease) {
      attempts.end(lease, EndReason.LEASE_VOID);
    }
  }

  /** What an earlier life claims until its attempts are taken up. */
  private record EarlierClaims(Intended intended) implements WorkerClaims {
    static EarlierClaims of(SimulatedHost host) {
      Set<AttemptLease> living = new HashSet<>();
      for (AttemptJournals.Found found : host.journals().read()) {
        if (AdoptionPolicy.choose(found) instanceof AdoptionPolicy.Choice.Adopt) {
          living.add(found.entry().terms().lease());
        }
      }
      Set<AttemptLease> tracked = new HashSet<>(host.spool().present());
      tracked.addAll(host.journals().leases());
      return new EarlierClaims(new Intended(living, tracked));
    }

    @Override
    public Set<String> slots() {
      return Set.of();
    }

    @Override
    public Set<AttemptLease> overdue() {
      return Set.of();
    }

    @Override
    public void releaseSlot(String owner) {
      throw new IllegalStateException("no slot is taken yet");
    }

    @Override
    public void end(AttemptLease lease) {
      throw new IllegalStateException("no attempt lives yet");
    }
  }

  /** Knows which timers of the core have neither fired nor been cancelled. */
  private static final class CountedTimers implements Timers {
    private final Timers real;
    private final Set<Object> pending = new HashSet<>();

    CountedTimers(Timers real) {
      this.real = real;
    }

    int pending() {
      return pending.size();
    }

    @Override
    public long nanoTime() {
      return real.nanoTime();
    }

    @Override
    public Timer after(Duration delay, Runnable action) {
      Object token = new Object();
      pending.add(token);
      Timer timer =
          real.after(
              delay,
              () -> {
                pending.remove(token);
                action.run();
              });
      return () -> {
        pending.remove(token);
        timer.cancel();
      };
    }
  }

  /** A spool whose disk may be full; what was written before stays. */
  private record FillingSpool(SimulatedHost host) implements LogSpool {
    private static final Set<String> WRITES = Set.of("append", "progress");

    @Override
    public AttemptSpool create(AttemptLease lease) throws IOException {
      if (host.diskFull()) {
        throw new IOException("No space left on device");
      }
      return filling(host.spool().create(lease));
    }

    private AttemptSpool filling(AttemptSpool real) {
      return (AttemptSpool)
          Proxy.newProxyInstance(
              AttemptSpool.class.getClassLoader(),
              new Class<?>[] {AttemptSpool.class},
              (proxy, method, arguments) -> {
                if (host.diskFull() && WRITES.contains(method.getName())) {
                  throw new IOException("No space left on device");
                }
                try {
                  return method.invoke(real, arguments);
                } catch (InvocationTargetException thrown) {
                  throw thrown.getCause();
                }
              });
    }

    @Override
    public List<Leftover> leftovers() {
      return host.spool().leftovers().stream()
          .map(left ->
              new Leftover(
                  left.lease(),
                  filling(left.spool()),
                  left.last(),
                  left.acknowledged(),
                  left.state()))
          .toList();
    }
  }

  /** Guests of a simulation need no entropy, and runs must be alike. */
  private static final class NoEntropy extends SecureRandom {
    private static final long serialVersionUID = 1L;

    NoEntropy() {
      super(null, null);
    }

    @Override
    public void nextBytes(byte[] bytes) {}
  }
}
