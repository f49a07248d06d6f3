package dev.mayfly.server.workers;

import dev.mayfly.api.JobId;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.server.logs.LogFeed;
import dev.mayfly.server.persistence.Notices;

/** Follows what other orchestrators on the same database say. */
class OtherOrchestrators implements Notices.Listener {
  private final ConnectedWorkers connected;
  private final WorkerNudges nudges;
  private final ExecNudges execs;
  private final ImageNudges images;
  private final LogFeed feed;

  OtherOrchestrators(
      ConnectedWorkers connected,
      WorkerNudges nudges,
      ExecNudges execs,
      ImageNudges images,
      LogFeed feed) {
    this.connected = connected;
    this.nudges = nudges;
    this.execs = execs;
    this.images = images;
    this.feed = feed;
  }

  @Override
  public void worker(WorkerId worker) {
    if (connected.find(worker).isPresent()) {
      nudges.worker(worker);
    }
  }

  @Override
  public void workers() {
    nudges.workersHere();
  }

  @Override
  public void connected(WorkerId worker, long connection) {
    connected.connectedElsewhere(worker, connection);
  }

  @Override
  public void job(JobId job) {
    feed.wake(job);
  }

  @Override
  public void execs() {
    execs.execsHere();
  }

  @Override
  public void keep() {
    images.keepHere();
  }

  @Override
  public void everything() {
    nudges.placement();
    nudges.workersHere();
    execs.execsHere();
    images.keepHere();
    feed.wakeAll();
  }
}
