package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.worker.v1.EnvironmentVariable;
import dev.mayfly.api.worker.v1.ExecInputAck;
import dev.mayfly.api.worker.v1.ExecSignal;
import dev.mayfly.api.worker.v1.ExecStart;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.worker.core.exec.ExecKind;
import dev.mayfly.worker.core.exec.ExecRequest;
import dev.mayfly.worker.core.exec.InputCredit;
import dev.mayfly.worker.core.log.Secrets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Between the messages about execs and the values of the core. Pure. */
final class ExecCodec {
  private ExecCodec() {}

  /**
   * Reads the request of a session's exec.
   *
   * @throws IllegalArgumentException naming what is wrong; never a value, it may be secret
   */
  static ExecRequest request(ExecStart message) {
    return new ExecRequest(
        number(message.getExecNumber()),
        switch (message.getKind()) {
          case EXEC_KIND_COMMAND -> ExecKind.COMMAND;
          case EXEC_KIND_UPLOAD -> ExecKind.UPLOAD;
          case EXEC_KIND_DOWNLOAD -> ExecKind.DOWNLOAD;
          case EXEC_KIND_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException(
                  "kind of the exec is not known, must be COMMAND, UPLOAD or DOWNLOAD");
        },
        message.getCommandList(),
        environment(message.getEnvironmentList()),
        message.getWorkingDirectory(),
        message.getUser(),
        message.getStdinOpen(),
        Duration.ofSeconds(message.getTimeoutSeconds()),
        message.getPath(),
        message.getLimitBytes(),
        Secrets.of(message.getSecretsList()));
  }

  /** A number of a session's exec; 0 is the batch's, which nobody asks for by itself. */
  static int number(int number) {
    if (number < 1 || number > ExecRequest.MAX_NUMBER) {
      throw new IllegalArgumentException(
          "exec number is "
              + Integer.toUnsignedString(number)
              + ", must be 1 to "
              + ExecRequest.MAX_NUMBER);
    }
    return number;
  }

  static dev.mayfly.worker.core.exec.ExecSignal signal(ExecSignal message) {
    return new dev.mayfly.worker.core.exec.ExecSignal(
        message.getSignalNumber(), message.getSignal(), message.getEverything());
  }

  static List<String> environment(List<EnvironmentVariable> variables) {
    var environment = new ArrayList<String>();
    for (var variable : variables) {
      if (variable.getName().isEmpty() || variable.getName().contains("=")) {
        throw new IllegalArgumentException("an environment variable has no valid name");
      }
      environment.add(variable.getName() + "=" + variable.getValue());
    }
    return environment;
  }

  static WorkerMessage message(InputCredit credit) {
    return WorkerMessage.newBuilder()
        .setExecInputAck(
            ExecInputAck.newBuilder()
                .setAttempt(LinkCodec.ref(credit.lease()))
                .setExecNumber(credit.number())
                .setOffset(credit.offset())
                .setLimit(credit.limit()))
        .build();
  }
}
