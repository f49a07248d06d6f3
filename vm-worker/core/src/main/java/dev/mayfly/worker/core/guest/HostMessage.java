package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestSession.GuestStream;

/** What the host says to the agent; the numbers are the types on the wire. */
sealed interface HostMessage {

  /** The exec it is about; 0 for none. */
  default int execId() {
    return 0;
  }

  record Hello(int lowestVersion, int highestVersion, byte[] nonce) implements HostMessage {
    static final int TYPE = 1;
  }

  record Setup(GuestSetup setup) implements HostMessage {
    static final int TYPE = 2;
  }

  record SpecPart(int execId, byte[] part) implements HostMessage {
    static final int TYPE = 3;
  }

  record Start(int execId, int specBytes) implements HostMessage {
    static final int TYPE = 4;
  }

  record Stdin(int execId, long offset, byte[] data) implements HostMessage {
    static final int TYPE = 5;
  }

  record StdinEof(int execId, long offset) implements HostMessage {
    static final int TYPE = 6;
  }

  record OutputAck(int execId, GuestStream stream, long offset) implements HostMessage {
    static final int TYPE = 7;
  }

  record Signal(int execId, int number, boolean everything) implements HostMessage {
    static final int TYPE = 8;
  }

  record Forget(int execId) implements HostMessage {
    static final int TYPE = 9;
  }

  record Ping(long token) implements HostMessage {
    static final int TYPE = 10;
  }

  record PowerOff() implements HostMessage {
    static final int TYPE = 11;
  }
}
