package dev.mayfly.server.schedule;

import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.workers.ExecRelay;
import java.time.Duration;
import java.util.List;
import org.springframework.context.SmartLifecycle;

/** What runs by itself for execs: the relay to workers, and the removal of old downloads. */
class ExecLoops implements SmartLifecycle, ExecNudges {

  /** Behind the nudges: how long an exec waits at most when one was lost. */
  private static final Duration SWEEP = Duration.ofSeconds(1);

  private static final Duration DISCARD = Duration.ofMinutes(1);

  private final Notices notices;
  private final ReconcilerLoop relay;
  private final List<ReconcilerLoop> all;
  private volatile boolean running;

  ExecLoops(ExecRelay execs, Notices notices) {
    this.notices = notices;
    relay = new ReconcilerLoop("execs", SWEEP, SWEEP, execs::relay);
    all = List.of(relay, new ReconcilerLoop("downloads", DISCARD, DISCARD, execs::discard));
  }

  @Override
  public void execs() {
    relay.nudge();
    notices.execs();
  }

  @Override
  public void execsHere() {
    relay.nudge();
  }

  @Override
  public void start() {
    running = true;
    all.forEach(ReconcilerLoop::start);
  }

  @Override
  public void stop() {
    running = false;
    all.forEach(ReconcilerLoop::stop);
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
