package dev.mayfly.worker.daemon.spool;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.log.ExecStream;
import dev.mayfly.worker.core.log.LogChunk;
import dev.mayfly.worker.core.log.LogTotals;
import dev.mayfly.worker.core.log.RawProgress;
import dev.mayfly.worker.core.log.SpoolRecord;
import dev.mayfly.worker.core.log.SpoolState;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The bytes of a spool; all numbers big-endian. Pure.
 *
 * <p>Record: u32 length, u64 sequence, u8 stream, u32 exec, u64 microseconds, raw progress, totals,
 * u32 CRC-32C of what is before it and of the data, then the data. State: totals, u32 count, as
 * many of (u32 exec, u8 stream, raw progress), u32 CRC-32C. Raw progress: u64 safe, u64 masked
 * until. Totals: u64 bytes, u64 limited bytes, u64 console bytes, u8 truncated.
 */
final class RecordCodec {
  private static final int PROGRESS_BYTES = 8 + 8;
  private static final int TOTALS_BYTES = 8 + 8 + 8 + 1;
  static final int HEADER_BYTES = 4 + 8 + 1 + 4 + 8 + PROGRESS_BYTES + TOTALS_BYTES + 4;
  private static final int ENTRY_BYTES = 4 + 1 + PROGRESS_BYTES;
  private static final LogStream[] STREAMS = LogStream.values();

  private RecordCodec() {}

  static byte[] encode(SpoolRecord record) {
    var out = ByteBuffer.allocate(HEADER_BYTES + record.data().length);
    out.putInt(record.data().length).putLong(record.sequence());
    out.put((byte) record.stream().stream().ordinal()).putInt(record.stream().exec());
    out.putLong(record.microsSinceAssigned());
    put(out, record.raw());
    put(out, record.totals());
    var crc = new CRC32C();
    crc.update(out.array(), 0, out.position());
    crc.update(record.data());
    return out.putInt((int) crc.getValue()).put(record.data()).array();
  }

  /** How long the data is that follows a header; empty when that is no header. */
  static Optional<Integer> dataLength(byte[] header) {
    int length = ByteBuffer.wrap(header).getInt();
    return length < 1 || length > LogChunk.MAX_BYTES ? Optional.empty() : Optional.of(length);
  }

  /** Empty when that is no record, or not the whole of one. */
  static Optional<SpoolRecord> decode(byte[] header, byte[] data) {
    var crc = new CRC32C();
    crc.update(header, 0, HEADER_BYTES - Integer.BYTES);
    crc.update(data);
    var in = ByteBuffer.wrap(header);
    if ((int) crc.getValue() != in.getInt(HEADER_BYTES - Integer.BYTES)) {
      return Optional.empty();
    }
    try {
      in.getInt();
      long sequence = in.getLong();
      var stream = STREAMS[in.get()];
      var of = new ExecStream(in.getInt(), stream);
      long micros = in.getLong();
      return Optional.of(new SpoolRecord(sequence, of, micros, data, progress(in), totals(in)));
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException invalid) {
      return Optional.empty();
    }
  }

  static byte[] encode(SpoolState state) {
    var raw = state.raw();
    var out = ByteBuffer.allocate(TOTALS_BYTES + 4 + raw.size() * ENTRY_BYTES + 4);
    put(out, state.totals());
    out.putInt(raw.size());
    raw.forEach((stream, progress) -> {
      out.putInt(stream.exec()).put((byte) stream.stream().ordinal());
      put(out, progress);
    });
    var crc = new CRC32C();
    crc.update(out.array(), 0, out.position());
    return out.putInt((int) crc.getValue()).array();
  }

  /** Empty when that is no state. */
  static Optional<SpoolState> decodeState(byte[] bytes) {
    int content = bytes.length - Integer.BYTES;
    if (content < TOTALS_BYTES + Integer.BYTES) {
      return Optional.empty();
    }
    var crc = new CRC32C();
    crc.update(bytes, 0, content);
    var in = ByteBuffer.wrap(bytes);
    if ((int) crc.getValue() != in.getInt(content)) {
      return Optional.empty();
    }
    var totals = totals(in);
    int count = in.getInt();
    if (count * (long) ENTRY_BYTES != content - in.position()) {
      return Optional.empty();
    }
    var raw = new HashMap<ExecStream, RawProgress>();
    for (int entry = 0; entry < count; entry++) {
      int exec = in.getInt();
      raw.put(new ExecStream(exec, STREAMS[in.get()]), progress(in));
    }
    return Optional.of(new SpoolState(totals, raw));
  }

  private static void put(ByteBuffer out, RawProgress progress) {
    out.putLong(progress.safe()).putLong(progress.maskedUntil());
  }

  private static RawProgress progress(ByteBuffer in) {
    long safe = in.getLong();
    return new RawProgress(safe, in.getLong());
  }

  private static void put(ByteBuffer out, LogTotals totals) {
    out.putLong(totals.bytes()).putLong(totals.limitedBytes()).putLong(totals.consoleBytes());
    out.put((byte) (totals.truncated() ? 1 : 0));
  }

  private static LogTotals totals(ByteBuffer in) {
    long bytes = in.getLong();
    long limited = in.getLong();
    long console = in.getLong();
    return new LogTotals(bytes, limited, console, in.get() != 0);
  }
}
