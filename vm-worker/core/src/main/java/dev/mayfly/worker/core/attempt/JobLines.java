package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.AttemptLog;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What we add to the log of a job ourselves; the job goes on without it when that fails. */
final class JobLines {
  private static final Logger log = LoggerFactory.getLogger(JobLines.class);

  private final AttemptLease lease;
  private final AttemptLog output;

  JobLines(AttemptLease lease, AttemptLog output) {
    this.lease = lease;
    this.output = output;
  }

  /** One line for the user. */
  void tell(String line) {
    try {
      output.system("mayfly: " + line);
    } catch (IOException failure) {
      notSpooled(failure);
    }
  }

  /** What a guest's kernel said last. */
  void console(String text) {
    try {
      output.console(text);
    } catch (IOException failure) {
      notSpooled(failure);
    }
  }

  private void notSpooled(IOException failure) {
    log.atWarn()
        .addKeyValue("attempt", lease)
        .setCause(failure)
        .log("Line of our own was not spooled");
  }
}
