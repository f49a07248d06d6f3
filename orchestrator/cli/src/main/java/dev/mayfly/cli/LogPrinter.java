package dev.mayfly.cli;

import dev.mayfly.api.LogStream;
import dev.mayfly.client.LogPiece;
import dev.mayfly.client.LogSink;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Prints a log as the job wrote it: standard output to ours, standard error to ours, byte for byte;
 * what Mayfly says about the job as our own lines.
 */
final class LogPrinter implements LogSink {
  /** A longer line of ours is printed in pieces, so that memory stays bounded. */
  private static final int MAX_LINE_BYTES = 16 * 1024;

  /** The first tries come within a second and are not worth a word. */
  private static final int QUIET_TRIES = 3;

  private final Output output;
  private final boolean allToStderr;
  private final Runnable onFirstPiece;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private boolean any;

  /**
   * @param allToStderr whether standard output is kept for something else
   * @param onFirstPiece told once, when the log begins
   */
  LogPrinter(Output output, boolean allToStderr, Runnable onFirstPiece) {
    this.output = output;
    this.allToStderr = allToStderr;
    this.onFirstPiece = onFirstPiece;
  }

  @Override
  public boolean accept(LogPiece piece) throws OutputClosed {
    if (!any) {
      any = true;
      onFirstPiece.run();
    }
    LogStream stream = piece.stream();
    switch (stream) {
      case STDOUT -> {
        if (allToStderr) {
          output.stderr(piece.bytes());
        } else {
          output.stdout(piece.bytes());
        }
      }
      case STDERR, CONSOLE -> output.stderr(piece.bytes());
      case FILE -> {} // Not text; it is never asked for here.
      case SYSTEM -> system(piece.bytes());
    }
    return true;
  }

  private void system(byte[] bytes) throws OutputClosed {
    for (byte each : bytes) {
      if (each == '\n' || line.size() >= MAX_LINE_BYTES) {
        finish();
      }
      if (each != '\n') {
        line.write(each);
      }
    }
  }

  /** Prints the line that was begun, if any. */
  void finish() throws OutputClosed {
    if (line.size() > 0) {
      output.say(line.toString(StandardCharsets.UTF_8));
      line.reset();
    }
  }

  @Override
  public void reconnecting(String reason, int tries) {
    if (tries == QUIET_TRIES) {
      output.sayIfPossible("lost the orchestrator (" + reason + "), trying to get back to it");
    }
  }
}
