package dev.mayfly.client;

import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.InputAnswer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Writes to an exec's standard input; every call may be repeated, because each names its offset.
 */
final class ExecInputStream extends OutputStream {
  private final SessionCalls calls;
  private final int number;
  private long offset;
  private boolean closed;

  ExecInputStream(SessionCalls calls, int number) {
    this.calls = calls;
    this.number = number;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    if (closed) {
      throw new IOException("the input was closed");
    }
    int done = 0;
    while (done < length) {
      int count = Math.min(length - done, ExecRequest.MAX_INPUT_BYTES);
      done += send(Arrays.copyOfRange(bytes, from + done, from + done + count), false);
    }
  }

  /** How many of the bytes were taken. */
  private int send(byte[] data, boolean end) throws IOException {
    try {
      InputAnswer answer = calls.write(number, offset, data, end);
      long taken = answer.offset() - offset;
      if (taken < 0 || taken > data.length) {
        throw new UnexpectedAnswer(
            "the orchestrator took " + taken + " of " + data.length + " bytes of input", null);
      }
      offset = answer.offset();
      return (int) taken;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while writing to an exec");
    }
  }

  /** Ends the input; what has ended by itself needs no end. Idempotent. */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      send(new byte[0], true);
    } catch (MayflyProblem gone) {
      if (gone.problem().status() != 409) {
        throw gone;
      }
    }
  }
}
