package dev.mayfly.worker.core.exec;

import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An exec that a guest has and nobody wants: it is killed, and its output with it. */
final class UnwantedExec {
  private static final Logger log = LoggerFactory.getLogger(UnwantedExec.class);

  private static final OutputSink NOWHERE = (stream, offset, data) -> offset + data.length;

  private final ExecSetting setting;
  private final KnownExec known;

  UnwantedExec(ExecSetting setting, KnownExec known) {
    this.setting = setting;
    this.known = known;
  }

  /** Returns at once; the guest forgets it when it has ended. */
  void drop() {
    Thread.ofVirtual().name("drop " + setting.lease() + "/" + known.id()).start(this::run);
  }

  private void run() {
    try {
      var exec =
          setting
              .session()
              .adopt(known.id(), known.stdoutAcknowledged(), known.stderrAcknowledged(), NOWHERE);
      exec.signal(SignalQueue.SIGKILL, true);
      var unused = exec.ended().get();
      exec.forget();
    } catch (GuestException | ExecutionException lost) {
      // The microVM goes, and this with it.
      log.atDebug().addKeyValue("reason", lost.getMessage()).log("Unwanted exec was not dropped");
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
