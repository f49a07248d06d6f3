package dev.mayfly.worker.core.log;

import dev.mayfly.worker.core.lease.AttemptLease;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A spool that forgets everything with the process; for tests. Thread-safe. */
public final class InMemoryLogSpool implements LogSpool {
  private final Map<AttemptLease, Spool> spools = new HashMap<>();
  private boolean full;
  private long damaged;

  /** From now on every append fails, as on a full disk. */
  public synchronized void fill() {
    full = true;
  }

  /** From now on there is room again. */
  public synchronized void makeRoom() {
    full = false;
  }

  /** Chunks with this sequence cannot be read from now on. */
  public synchronized void damage(long sequence) {
    damaged = sequence;
  }

  public synchronized List<AttemptLease> present() {
    return new ArrayList<>(spools.keySet());
  }

  @Override
  public synchronized AttemptSpool create(AttemptLease lease) {
    var spool = new Spool(lease);
    spools.put(lease, spool);
    return spool;
  }

  @Override
  public synchronized List<Leftover> leftovers() {
    return spools.entrySet().stream()
        .map(entry ->
            new Leftover(
                entry.getKey(),
                entry.getValue(),
                entry.getValue().last,
                entry.getValue().acknowledged,
                new SpoolState(entry.getValue().totals, entry.getValue().raw)))
        .toList();
  }

  private final class Spool implements AttemptSpool {
    private final AttemptLease lease;
    private final TreeMap<Long, LogChunk> chunks = new TreeMap<>();
    private final Map<ExecStream, RawProgress> raw = new HashMap<>();
    private LogTotals totals = LogTotals.NONE;
    private long last;
    private long acknowledged;

    Spool(AttemptLease lease) {
      this.lease = lease;
    }

    @Override
    public void append(SpoolRecord record) throws IOException {
      synchronized (InMemoryLogSpool.this) {
        if (full) {
          throw new IOException("No space left on device");
        }
        long sequence = record.sequence();
        if (sequence != last && sequence != last + 1) {
          throw new IllegalStateException("chunk " + sequence + " after chunk " + last);
        }
        var bytes = new ByteArrayOutputStream();
        var known = chunks.get(sequence);
        if (known != null) {
          bytes.writeBytes(known.data());
        }
        bytes.writeBytes(record.data());
        chunks.put(
            sequence,
            new LogChunk(
                sequence,
                record.stream().exec(),
                record.stream().stream(),
                known == null ? record.microsSinceAssigned() : known.microsSinceAssigned(),
                bytes.toByteArray()));
        last = sequence;
        note(record.stream(), record.raw(), record.totals());
      }
    }

    @Override
    public void progress(ExecStream stream, RawProgress progress, LogTotals reached)
        throws IOException {
      synchronized (InMemoryLogSpool.this) {
        if (full) {
          throw new IOException("No space left on device");
        }
        note(stream, progress, reached);
      }
    }

    private void note(ExecStream stream, RawProgress progress, LogTotals reached) {
      if (progress.safe() > 0) {
        raw.merge(stream, progress, RawProgress::orFurther);
      }
      totals = totals.orFurther(reached);
    }

    @Override
    public void forget(int exec) {
      synchronized (InMemoryLogSpool.this) {
        raw.keySet().removeIf(stream -> stream.exec() == exec);
      }
    }

    @Override
    public int length(long sequence) {
      synchronized (InMemoryLogSpool.this) {
        var known = chunks.get(sequence);
        return known == null ? 0 : known.data().length;
      }
    }

    @Override
    public Optional<LogChunk> read(long sequence) throws IOException {
      synchronized (InMemoryLogSpool.this) {
        if (sequence == damaged) {
          throw new IOException("Input/output error");
        }
        return Optional.ofNullable(chunks.get(sequence));
      }
    }

    @Override
    public void acknowledge(long sequence) {
      synchronized (InMemoryLogSpool.this) {
        acknowledged = Math.max(acknowledged, sequence);
        chunks.headMap(sequence, true).clear();
      }
    }

    @Override
    public void delete() {
      synchronized (InMemoryLogSpool.this) {
        spools.remove(lease, this);
      }
    }
  }
}
