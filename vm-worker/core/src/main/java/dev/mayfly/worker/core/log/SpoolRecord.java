package dev.mayfly.worker.core.log;

/**
 * Bytes for the end of a chunk: of the one added to last, or of the next one.
 *
 * @param microsSinceAssigned counts where the chunk begins
 * @param data 1 byte or more; not copied
 * @param raw how far the stream's raw output is safe once this record is written
 * @param totals of the log once this record is written
 */
@SuppressWarnings("ArrayRecordComponent") // one owner after the other; compared by nobody
public record SpoolRecord(
    long sequence,
    ExecStream stream,
    long microsSinceAssigned,
    byte[] data,
    RawProgress raw,
    LogTotals totals) {

  public SpoolRecord {
    if (sequence < 1 || data.length == 0 || data.length > LogChunk.MAX_BYTES) {
      throw new IllegalArgumentException(
          "record of chunk " + sequence + " with " + data.length + " bytes is not valid");
    }
  }
}
