package dev.mayfly.worker.daemon.link;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.images.PullState;
import java.util.List;

/** Keeps what was asked, and tells what a test says. Thread-safe. */
public class RecordingImages implements ImagePorts {
  private volatile List<Sha256> wanted = List.of();
  private volatile List<Sha256> pinned = List.of();
  private volatile List<PullState> states = List.of();

  public List<Sha256> wanted() {
    return wanted;
  }

  public List<Sha256> pinned() {
    return pinned;
  }

  public void say(List<PullState> now) {
    states = now;
  }

  @Override
  public void keep(List<Sha256> wantedNow, List<Sha256> pinnedNow) {
    wanted = wantedNow;
    pinned = pinnedNow;
  }

  @Override
  public List<PullState> states() {
    return states;
  }
}
