package dev.mayfly.worker.daemon.spool;

import dev.mayfly.worker.core.log.ExecStream;
import dev.mayfly.worker.core.log.LogChunk;
import dev.mayfly.worker.core.log.LogSpool.AttemptSpool;
import dev.mayfly.worker.core.log.LogTotals;
import dev.mayfly.worker.core.log.RawProgress;
import dev.mayfly.worker.core.log.SpoolRecord;
import dev.mayfly.worker.core.log.SpoolState;
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

/**
 * The spool of one attempt: segment files of records, and a file with the last acknowledged
 * sequence. Several records in a row with one sequence are one chunk. A segment is removed once all
 * of it is acknowledged, so a long log does not fill the disk.
 *
 * <p>A record is written by one call, and holds beside its bytes what they change in the state, so
 * that a process that is killed leaves both or none.
 *
 * <p>Plain files, not channels: a channel is closed under everybody when one thread that uses it is
 * interrupted.
 */
final class FileAttemptSpool implements AttemptSpool {
  /** Small enough that acknowledged output leaves the disk soon. */
  static final long SEGMENT_BYTES = 8L << 20;

  private static final String SEGMENT_SUFFIX = ".segment";
  private static final String ACKNOWLEDGED = "acknowledged";

  private final Path directory;
  private final RandomAccessFile acknowledgedFile;
  private final StateFile state;
  private final List<Segment> segments = new ArrayList<>();
  private final TreeMap<Long, Place> places = new TreeMap<>();
  private final List<Path> beyond = new ArrayList<>();
  private boolean cutOff;
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
    int length;

    Place(Segment segment, long from) {
      this.segment = segment;
      this.from = from;
      this.to = from;
    }
  }

  private FileAttemptSpool(Path directory) throws IOException {
    this.directory = directory;
    this.state = new StateFile(directory);
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
    state.load();
    var paths = new ArrayList<Path>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SEGMENT_SUFFIX)) {
      files.forEach(paths::add);
    }
    paths.sort(null);
    boolean whole = true;
    for (var path : paths) {
      if (whole) {
        var segment = new Segment(path, new RandomAccessFile(path.toFile(), "rw"));
        segments.add(segment);
        whole = load(segment);
      } else {
        beyond.add(path);
      }
    }
    cutOff = !whole;
  }

  /** What is appended next must not lie before the rest of a record that was cut off. */
  private void removeBeyond() throws IOException {
    if (cutOff) {
      segments.getLast().file.setLength(segments.getLast().end);
      for (var path : beyond) {
        Files.deleteIfExists(path);
      }
      cutOff = false;
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
      segment.end += RecordCodec.HEADER_BYTES + piece.get().data().length;
      segment.lastSequence = sequence;
      state.note(piece.get().stream(), piece.get().raw(), piece.get().totals());
      if (sequence > acknowledged) {
        last = Math.max(last, sequence);
        var place = places.computeIfAbsent(sequence, unused -> new Place(segment, from));
        place.to = segment.end;
        place.length += piece.get().data().length;
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

  SpoolState state() {
    return state.state();
  }

  @Override
  public void append(SpoolRecord record) throws IOException {
    long sequence = record.sequence();
    if (sequence != last && sequence != last + 1) {
      throw new IllegalStateException("chunk " + sequence + " after chunk " + last);
    }
    removeBeyond();
    var segment = segmentFor(sequence);
    var bytes = RecordCodec.encode(record);
    segment.file.seek(segment.end);
    segment.file.write(bytes);
    var place = places.computeIfAbsent(sequence, unused -> new Place(segment, segment.end));
    segment.end += bytes.length;
    segment.lastSequence = sequence;
    place.to = segment.end;
    place.length += record.data().length;
    last = sequence;
    state.note(record.stream(), record.raw(), record.totals());
  }

  @Override
  public void progress(ExecStream stream, RawProgress raw, LogTotals totals) throws IOException {
    state.note(stream, raw, totals);
    state.write();
  }

  @Override
  public void forget(int exec) {
    // Not written: what is remembered of it by mistake is never asked for.
    state.forget(exec);
  }

  @Override
  public int length(long sequence) {
    var place = places.get(sequence);
    return place == null ? 0 : place.length;
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
    SpoolRecord first = null;
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
      position += RecordCodec.HEADER_BYTES + piece.get().data().length;
    }
    return first == null
        ? Optional.empty()
        : Optional.of(
            new LogChunk(
                sequence,
                first.stream().exec(),
                first.stream().stream(),
                first.microsSinceAssigned(),
                data.toByteArray()));
  }

  private static Optional<SpoolRecord> readPiece(Segment segment, long position, long end)
      throws IOException {
    if (end - position < RecordCodec.HEADER_BYTES) {
      return Optional.empty();
    }
    var header = new byte[RecordCodec.HEADER_BYTES];
    segment.file.seek(position);
    segment.file.readFully(header);
    var length = RecordCodec.dataLength(header);
    if (length.isEmpty() || end - position - RecordCodec.HEADER_BYTES < length.get()) {
      return Optional.empty();
    }
    var data = new byte[length.get()];
    segment.file.readFully(data);
    return RecordCodec.decode(header, data);
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
    if (segments.size() > 1 && segments.getFirst().lastSequence <= sequence) {
      state.write();
    }
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
