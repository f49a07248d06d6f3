package dev.mayfly.worker.daemon.link;

import dev.mayfly.worker.core.attempt.Attempts;
import dev.mayfly.worker.core.attempt.Outbox;
import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.core.exec.ExecCommands;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import io.grpc.ManagedChannel;
import java.io.IOException;

/** What the link needs of the rest of the worker. */
public record LinkPorts(
    Dialler dialler,
    TokenSource token,
    HostReadings readings,
    Attempts attempts,
    ExecCommands execs,
    Outbox outbox,
    Bundles bundles,
    ImagePorts images,
    ImageBuilds builds,
    Timers timers,
    Nudge nudge,
    LinkListener listener) {

  /** Makes a channel; each connection uses its own and shuts it down. */
  @FunctionalInterface
  public interface Dialler {
    /**
     * Does not wait for the connection.
     *
     * @throws IOException when the address may not be dialled; the message is fit for people
     */
    ManagedChannel dial() throws IOException;
  }

  /** Where the join token comes from; read for each connection, so that it may change. */
  @FunctionalInterface
  public interface TokenSource {
    /**
     * Reads it.
     *
     * @throws IOException when there is none yet; the message is fit for people
     */
    String read() throws IOException;
  }

  /** What the host has left, now. */
  public interface HostReadings {
    /** MiB that the kernel says are available; 0 when unknown. */
    int freeMemoryMib();

    /** MiB free where scratch disks lie; 0 when unknown. */
    int freeScratchMib();
  }

  /** Is told what becomes of the link, on the link's thread. */
  public interface LinkListener {
    /** The orchestrator has taken us. */
    void registered();

    /**
     * There is no connection.
     *
     * @param first false when this only repeats what was told
     */
    void lost(String reason, boolean first);
  }
}
