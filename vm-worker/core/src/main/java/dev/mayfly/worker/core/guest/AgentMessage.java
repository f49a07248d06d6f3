package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.StepTime;
import java.util.List;

/**
 * What the agent says to the host, checked field by field; the numbers are the types on the wire.
 */
sealed interface AgentMessage {

  record HelloAck(GuestHello hello) implements AgentMessage {
    static final int TYPE = 129;
  }

  record SetupDone(List<StepTime> steps) implements AgentMessage {
    static final int TYPE = 130;
  }

  record SetupFailed(String step, long errno, String message) implements AgentMessage {
    static final int TYPE = 131;
  }

  record ExecStarted(int execId, long pid) implements AgentMessage {
    static final int TYPE = 132;
  }

  record ExecFailed(int execId, String step, long errno, String message) implements AgentMessage {
    static final int TYPE = 133;
  }

  record Output(int execId, GuestStream stream, long offset, byte[] data) implements AgentMessage {
    static final int TYPE = 134;
  }

  record ExecExit(int execId, GuestExec.ExecEnd end, long stdoutEnd, long stderrEnd)
      implements AgentMessage {
    static final int TYPE = 135;
  }

  record StdinAck(int execId, long offset, long limit) implements AgentMessage {
    static final int TYPE = 136;
  }

  record Pong(long token) implements AgentMessage {
    static final int TYPE = 137;
  }

  /** The exec's end repeats what matters of it (its flags), so it is checked and let go. */
  record Event(int kind, String detail) implements AgentMessage {
    static final int TYPE = 138;
  }

  record ProtocolError(int aboutType, String message) implements AgentMessage {
    static final int TYPE = 139;
  }

  record Bye() implements AgentMessage {
    static final int TYPE = 140;
  }
}
