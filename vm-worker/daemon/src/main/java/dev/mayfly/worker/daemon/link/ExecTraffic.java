package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.worker.v1.ExecInput;
import dev.mayfly.api.worker.v1.ExecSignal;
import dev.mayfly.api.worker.v1.ExecStart;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.worker.core.exec.ExecCommands;
import dev.mayfly.worker.core.exec.ExecPolicy;
import dev.mayfly.worker.core.exec.InputCredit;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one connection carries about execs. Owned by the link's thread. Forgets with its connection
 * what it has sent, so that the next one says again how much input each exec takes.
 */
final class ExecTraffic {
  private static final Logger log = LoggerFactory.getLogger(ExecTraffic.class);

  private final ExecCommands execs;
  private final Map<Key, InputCredit> sent = new HashMap<>();

  private record Key(AttemptLease lease, int number) {
    static Key of(InputCredit credit) {
      return new Key(credit.lease(), credit.number());
    }
  }

  ExecTraffic(ExecCommands execs) {
    this.execs = execs;
  }

  void start(ExecStart message) {
    try {
      var lease = LinkCodec.lease(message.getAttempt());
      int number = ExecCodec.number(message.getExecNumber());
      try {
        execs.start(lease, ExecCodec.request(message));
      } catch (IllegalArgumentException invalid) {
        execs.refuse(
            lease,
            number,
            ExecPolicy.fault(FaultCode.INTERNAL, "the exec is not valid: " + invalid.getMessage()));
      }
    } catch (IllegalArgumentException nobodys) {
      warn(nobodys);
    }
  }

  void input(ExecInput message) {
    try {
      execs.input(
          LinkCodec.lease(message.getAttempt()),
          ExecCodec.number(message.getExecNumber()),
          message.getOffset(),
          message.getData().toByteArray(),
          message.getEnd());
    } catch (IllegalArgumentException invalid) {
      warn(invalid);
    }
  }

  void signal(ExecSignal message) {
    try {
      execs.signal(
          LinkCodec.lease(message.getAttempt()),
          ExecCodec.number(message.getExecNumber()),
          ExecCodec.signal(message));
    } catch (IllegalArgumentException invalid) {
      warn(invalid);
    }
  }

  /**
   * The next acknowledgement of input that says what this connection has not said: of each exec
   * only the newest counts.
   */
  Optional<WorkerMessage> next() {
    var credits = execs.credits();
    var living = new HashSet<Key>();
    credits.forEach(credit -> living.add(Key.of(credit)));
    sent.keySet().retainAll(living);
    for (var credit : credits) {
      if (!credit.equals(sent.put(Key.of(credit), credit))) {
        return Optional.of(ExecCodec.message(credit));
      }
    }
    return Optional.empty();
  }

  private static void warn(IllegalArgumentException invalid) {
    log.atWarn()
        .addKeyValue("reason", invalid.getMessage())
        .log("Message about an exec was not valid");
  }
}
