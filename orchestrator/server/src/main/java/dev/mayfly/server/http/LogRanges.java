package dev.mayfly.server.http;

import dev.mayfly.core.log.LogCursor;
import dev.mayfly.core.log.LogStore;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.springframework.http.MediaType;

/**
 * Answers with ranges of logs, and bounds what all of them together hold in memory. Thread-safe.
 */
class LogRanges {
  static final int MIB = 1024 * 1024;

  /** A range is held in memory until it is sent; so much of it at once, over all requests. */
  private static final int MAX_MIB_IN_MEMORY = 48;

  private static final Duration MEMORY_WAIT = Duration.ofSeconds(30);

  private final Semaphore memory = new Semaphore(MAX_MIB_IN_MEMORY, true);

  /** Reads a range and sends it. */
  interface Reading {
    void run() throws IOException;
  }

  /**
   * Runs a reading once there is memory for it.
   *
   * @param most bytes it may hold
   * @throws RefusedRequestException when others hold the memory for too long
   */
  void within(int most, Reading reading) throws IOException, InterruptedException {
    int mib = Math.ceilDiv(most, MIB);
    if (!memory.tryAcquire(mib, MEMORY_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
      throw Problems.busy("Too many logs are being read.");
    }
    try {
      reading.run();
    } finally {
      memory.release(mib);
    }
  }

  /** Sends the bytes of a slice, and where to continue. */
  static void send(
      HttpServletResponse response, LogStore.Slice slice, LogCursor next, boolean complete)
      throws IOException {
    response.setContentType(MediaType.APPLICATION_OCTET_STREAM_VALUE);
    response.setContentLength(
        slice.pieces().stream().mapToInt(piece -> piece.chunk().size()).sum());
    response.setHeader("Mayfly-Next-Cursor", next.toString());
    response.setHeader("Mayfly-Log-Complete", Boolean.toString(complete));
    for (LogStore.Piece piece : slice.pieces()) {
      response.getOutputStream().write(piece.chunk().bytes());
    }
  }
}
