package dev.mayfly.worker.daemon.spool;

import dev.mayfly.api.LogStream;
import dev.mayfly.worker.core.log.LogChunk;
import dev.mayfly.worker.core.log.LogSpool.AttemptSpool;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * The spool of one attempt: segment files of records, and a file with the last acknowledged
 * sequence. Several records in a row with one sequence are one chunk. A segment is removed once all
 * of it is acknowledged, so a long log does not fill the disk.
 *
 * <p>Record: u32 length, u64 sequence, u8 stream, u64 microseconds, u32 CRC-32C of what is before
 * it and of the data, then the data; big-endian.
 *
 * <p>Plain files, not channels: a channel is closed under everybody when one thread that uses it is
 * interrupted.
 */
final class FileAttemptSpool implements AttemptSpool {
  /** Small enough that acknowledged output leaves the disk soon. */
  static final long SEGMENT_BYTES = 8L << 20;

  private static final int HEADER_BYTES = 4 + 8 + 1 + 8 + 4;
  private static final String SEGMENT_SUFFIX = ".segment";
  private static final String ACKNOWLEDGED = "acknowledged";
  private static final LogStream[] STREAMS = LogStream.values();

  private final Path directory;
  private final RandomAccessFile acknowledgedFile;
  private final List<Segment> segments = new ArrayList<>();
  private final TreeMap<Long, Place> places = new TreeMap<>();
  private long last;
  private long acknowledged;

  private static final class Segment {
    final Path path;
    final RandomAccessFile file;
    long end;
    long lastSequence;

    Segment(Path path, RandomAccessFile file) {
      this.path = path;
      this.file = file;
    }
  }

  /** Where a chunk lies; the end moves while it is open. */
  private static final class Place {
    final Segment segment;
    final long from;
    long to;

    Place(Segment segment, long from) {
      this.segment = segment;
      this.from = from;
      this.to = from;
    }
  }

  private FileAttemptSpool(Path directory) throws IOException {
    this.directory = directory;
    this.acknowledgedFile = new RandomAccessFile(directory.resolve(ACKNOWLEDGED).toFile(), "rw");
  }

  static FileAttemptSpool create(Path directory) throws IOException {
    return new FileAttemptSpool(directory);
  }

  /** Opens what another process left; what it was cut off in writing is left out. */
  static FileAttemptSpool recover(Path directory) throws IOException {
    var spool = new FileAttemptSpool(directory);
    try {
      spool.load();
      return spool;
    } catch (IOException | RuntimeException failure) {
      spool.close();
      throw failure;
    }
  }

  private void load() throws IOException {
    try {
      acknowledged = acknowledgedFile.length() < Long.BYTES ? 0 : acknowledgedFile.readLong();
    } catch (EOFException cutOff) {
      acknowledged = 0;
    }
    last = acknowledged;
    var paths = new ArrayList<Path>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SEGMENT_SUFFIX)) {
      files.forEach(paths::add);
    }
    paths.sort(null);
    for (var path : paths) {
      var segment = new Segment(path, new RandomAccessFile(path.toFile(), "rw"));
      segments.add(segment);
      if (!load(segment)) {
        break;
      }
    }
  }

  /** Returns false when the segment ends in something that is not a record. */
  private boolean load(Segment segment) throws IOException {
    long length = segment.file.length();
    while (segment.end < length) {
      var piece = readPiece(segment, segment.end, length);
      if (piece.isEmpty() || piece.get().sequence() > last + 1) {
        return false;
      }
      long sequence = piece.get().sequence();
      long from = segment.end;
      segment.end += HEADER_BYTES + piece.get().data().length;
      segment.lastSequence = sequence;
      if (sequence > acknowledged) {
        last = Math.max(last, sequence);
        places.computeIfAbsent(sequence, unused -> new Place(segment, from)).to = segment.end;
      }
    }
    return true;
  }

  long last() {
    return last;
  }

  long acknowledged() {
    return acknowledged;
  }

  @Override
  public void append(
      long sequence, LogStream stream, long microsSinceAssigned, byte[] data, int from, int length)
      throws IOException {
    if (sequence != last && sequence != last + 1) {
      throw new IllegalStateException("chunk " + sequence + " after chunk " + last);
    }
    var segment = segmentFor(sequence);
    var record = ByteBuffer.allocate(HEADER_BYTES + length);
    record.putInt(length).putLong(sequence).put((byte) stream.ordinal());
    record.putLong(microsSinceAssigned);
    var crc = new CRC32C();
    crc.update(record.array(), 0, record.position());
    crc.update(data, from, length);
    record.putInt((int) crc.getValue()).put(data, from, length);
    segment.file.seek(segment.end);
    segment.file.write(record.array());
    var place = places.computeIfAbsent(sequence, unused -> new Place(segment, segment.end));
    segment.end += record.capacity();
    segment.lastSequence = sequence;
    place.to = segment.end;
    last = sequence;
  }

  /** A chunk never spans segments. */
  private Segment segmentFor(long sequence) throws IOException {
    if (!segments.isEmpty()) {
      var current = segments.getLast();
      if (sequence == current.lastSequence || current.end < SEGMENT_BYTES) {
        return current;
      }
    }
    var path = directory.resolve(String.format("%020d", sequence) + SEGMENT_SUFFIX);
    var segment = new Segment(path, new RandomAccessFile(path.toFile(), "rw"));
    segments.add(segment);
    return segment;
  }

  @Override
  public Optional<LogChunk> read(long sequence) throws IOException {
    var place = places.get(sequence);
    if (place == null) {
      return Optional.empty();
    }
    var data = new ByteArrayOutputStream();
    LogChunk first = null;
    long position = place.from;
    while (position < place.to) {
      var piece = readPiece(place.segment, position, place.to);
      if (piece.isEmpty() || piece.get().sequence() != sequence) {
        throw new IOException("spool " + place.segment.path + " is damaged at " + position);
      }
      if (first == null) {
        first = piece.get();
      }
      data.writeBytes(piece.get().data());
      position += HEADER_BYTES + piece.get().data().length;
    }
    return first == null
        ? Optional.empty()
        : Optional.of(
            new LogChunk(
                sequence, first.stream(), first.microsSinceAssigned(), data.toByteArray()));
  }

  private static Optional<LogChunk> readPiece(Segment segment, long position, long end)
      throws IOException {
    if (end - position < HEADER_BYTES) {
      return Optional.empty();
    }
    var header = ByteBuffer.allocate(HEADER_BYTES);
    segment.file.seek(position);
    segment.file.readFully(header.array());
    int length = header.getInt();
    long sequence = header.getLong();
    int stream = header.get();
    long micros = header.getLong();
    int expected = header.getInt();
    if (length < 1
        || length > LogChunk.MAX_BYTES
        || end - position - HEADER_BYTES < length
        || sequence < 1
        || stream < 0
        || stream >= STREAMS.length) {
      return Optional.empty();
    }
    var data = new byte[length];
    segment.file.readFully(data);
    var crc = new CRC32C();
    crc.update(header.array(), 0, HEADER_BYTES - Integer.BYTES);
    crc.update(data);
    return (int) crc.getValue() == expected
        ? Optional.of(new LogChunk(sequence, STREAMS[stream], micros, data))
        : Optional.empty();
  }

  @Override
  public void acknowledge(long sequence) throws IOException {
    if (sequence <= acknowledged) {
      return;
    }
    acknowledged = sequence;
    places.headMap(sequence, true).clear();
    acknowledgedFile.seek(0);
    acknowledgedFile.write(ByteBuffer.allocate(Long.BYTES).putLong(sequence).array());
    // The current segment stays: more may be written to it.
    while (segments.size() > 1 && segments.getFirst().lastSequence <= sequence) {
      var done = segments.removeFirst();
      done.file.close();
      Files.deleteIfExists(done.path);
    }
  }

  @Override
  public void delete() throws IOException {
    close();
    places.clear();
    remove(directory);
  }

  private void close() throws IOException {
    acknowledgedFile.close();
    for (var segment : segments) {
      segment.file.close();
    }
    segments.clear();
  }

  /** Removes a spool's directory; there is nothing but plain files in it. */
  static void remove(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (var file : files) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException none) {
      return;
    }
    Files.deleteIfExists(directory);
  }
}
