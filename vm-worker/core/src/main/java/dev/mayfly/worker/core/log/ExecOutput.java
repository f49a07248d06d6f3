package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

/**
 * The output of one exec on its way into the log: masked, and cut off at the log's limit. Goes on
 * from where an earlier worker process had come to. One caller at a time.
 */
public final class ExecOutput {
  private final AttemptLog log;
  private final int exec;
  private final Secrets secrets;
  private final Map<LogStream, SecretMasker> maskers = new EnumMap<>(LogStream.class);

  ExecOutput(AttemptLog log, int exec, Secrets secrets) {
    this.log = log;
    this.exec = exec;
    this.secrets = secrets;
  }

  /**
   * Takes raw output and returns up to which offset it is safe: spooled, or dropped for good. What
   * is not may begin a secret; it becomes safe with what follows, or with {@link #end}. Blocks
   * while too much is unacknowledged, but not for what the limit drops.
   *
   * @param stream STDOUT, STDERR or FILE
   * @param offset of the first byte in the raw stream: where the last call ended, or first {@link
   *     #safe}
   * @throws InterruptedException also when the log has ended meanwhile: the output is lost
   * @throws IOException when the spool cannot be written; the log has ended then
   */
  public long append(LogStream stream, long offset, byte[] data)
      throws InterruptedException, IOException {
    var masker = masker(stream);
    if (offset != masker.position()) {
      throw new IllegalStateException(
          "output of exec "
              + exec
              + " continues at "
              + offset
              + " instead of "
              + masker.position());
    }
    return log.append(new ExecStream(exec, stream), masker, data).safe();
  }

  /**
   * Nothing follows in this stream: what was held back becomes safe. Idempotent; does not block.
   *
   * @throws IOException when the spool cannot be written
   */
  public void end(LogStream stream) throws InterruptedException, IOException {
    log.endStream(new ExecStream(exec, stream), masker(stream));
  }

  /** Takes the rest of a stream as not wanted, up to this offset: it is safe, and not kept. */
  public long drop(LogStream stream, long end) throws IOException {
    return log.drop(new ExecStream(exec, stream), masker(stream), end).safe();
  }

  /** How much of the raw stream is safe: what follows has to be given again after a restart. */
  public long safe(LogStream stream) {
    return log.raw(new ExecStream(exec, stream)).safe();
  }

  /** The exec is over: nobody asks for its offsets again. Idempotent. */
  public void forget() throws IOException {
    log.forget(exec);
  }

  private SecretMasker masker(LogStream stream) {
    return switch (stream) {
      case STDOUT, STDERR -> maskers.computeIfAbsent(stream, of -> masker(of, secrets));
      // The bytes of a file are the user's own, and a mask would break its checksums.
      case FILE -> maskers.computeIfAbsent(stream, of -> masker(of, Secrets.NONE));
      case SYSTEM, CONSOLE ->
          throw new IllegalArgumentException(stream + " is no output of an exec");
    };
  }

  private SecretMasker masker(LogStream stream, Secrets of) {
    return new SecretMasker(of, log.raw(new ExecStream(exec, stream)));
  }
}
