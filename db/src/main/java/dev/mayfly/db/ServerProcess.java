package dev.mayfly.db;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running server and the thread that reads what it says. Thread-safe. */
final class ServerProcess {
  private static final Logger log = LoggerFactory.getLogger(ServerProcess.class);

  /** Said by every PostgreSQL since 7.0 in the C locale; pg_ctl and Testcontainers wait for it. */
  private static final String READY = "database system is ready to accept connections";

  /** Half a day of a busy server's warnings; twice that lies on the disk at most. */
  private static final long LOG_LIMIT = 5L << 20;

  private static final int READ_SIZE = 4096;

  /** Enough for the last words of a server that does not start. */
  private static final int TAIL_SIZE = 4 * READ_SIZE;

  /** After the end of the process, its last words are already in the pipe. */
  private static final Duration LAST_WORDS_TIMEOUT = Duration.ofSeconds(5);

  private final Process process;
  private final Path logFile;
  private final Thread reader;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final StringBuilder tail = new StringBuilder();
  private volatile boolean stopping;

  private ServerProcess(Process process, Path logFile) {
    this.process = process;
    this.logFile = logFile;
    var sink = new CappedLog(logFile, LOG_LIMIT);
    this.reader =
        Thread.ofPlatform()
            .daemon()
            .name("mayfly-postgres-log")
            .unstarted(() -> readAll(process.getInputStream(), sink));
  }

  /** Must be called on the {@link ParentThread}. */
  static ServerProcess start(List<String> arguments, Path logFile) throws IOException {
    var process = Command.builder(arguments).redirectErrorStream(true).start();
    var server = new ServerProcess(process, logFile);
    server.reader.start();
    process.getOutputStream().close();
    var _ = process.onExit().thenAccept(ended -> server.ended(ended.exitValue()));
    return server;
  }

  long processId() {
    return process.pid();
  }

  boolean isRunning() {
    return process.isAlive();
  }

  /** Waits until the server accepts connections; false when it ended or the time passed. */
  boolean awaitReady(Duration timeout) {
    try {
      ready.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DatabaseException("Interrupted while the embedded PostgreSQL was started.", e);
    }
  }

  /** What the server said last. */
  String lastWords() {
    if (!process.isAlive()) {
      try {
        reader.join(LAST_WORDS_TIMEOUT);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    synchronized (tail) {
      return tail.toString();
    }
  }

  /**
   * Lets the parent thread end, which signals the server, and waits. A server that does not end in
   * time is killed: the next start replays its log.
   */
  void stop(ParentThread parent, Duration timeout) {
    stopping = true;
    parent.close();
    boolean interrupted = false;
    try {
      if (process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
      log.atWarn()
          .addKeyValue("timeout", timeout)
          .log("The embedded PostgreSQL did not stop in time and was killed");
    } catch (InterruptedException e) {
      interrupted = true;
    }
    process.destroyForcibly();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void ended(int exit) {
    boolean wasReady = ready.isDone();
    ready.completeExceptionally(new IOException("The server ended with exit code " + exit));
    if (wasReady && !stopping) {
      log.atError()
          .addKeyValue("exit", exit)
          .addKeyValue("log", logFile)
          .log("The embedded PostgreSQL ended unexpectedly");
    }
  }

  private void readAll(InputStream in, CappedLog sink) {
    var buffer = new byte[READ_SIZE];
    try (in;
        sink) {
      int count;
      while ((count = in.read(buffer)) >= 0) {
        sink.write(buffer, count);
        remember(new String(buffer, 0, count, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      // The pipe was closed under us by destroyForcibly.
      log.atDebug().setCause(e).log("Reading the server's log ended");
    }
  }

  private void remember(String text) {
    synchronized (tail) {
      tail.append(text);
      if (!ready.isDone() && tail.indexOf(READY) >= 0) {
        ready.complete(null);
      }
      if (tail.length() > TAIL_SIZE) {
        tail.delete(0, tail.length() - TAIL_SIZE);
      }
    }
  }
}
