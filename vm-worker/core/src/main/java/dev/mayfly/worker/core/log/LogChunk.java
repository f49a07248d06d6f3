package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;

/**
 * A numbered piece of an attempt's log.
 *
 * @param sequence per attempt over all its streams, from 1, without gaps
 * @param exec whose output it is; 0: the batch's, or not an exec's
 * @param microsSinceAssigned when its first byte came
 * @param data 1 to {@value #MAX_BYTES} bytes; not copied, not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // one owner after the other; compared by nobody
public record LogChunk(
    long sequence, int exec, LogStream stream, long microsSinceAssigned, byte[] data) {
  /** The limit of the wire contract. */
  public static final int MAX_BYTES = 65536;

  public LogChunk {
    if (sequence < 1 || data.length == 0 || data.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "chunk " + sequence + " with " + data.length + " bytes is not valid");
    }
  }

  @Override
  public String toString() {
    return "LogChunk[" + sequence + ", " + exec + ", " + stream + ", " + data.length + " bytes]";
  }
}
