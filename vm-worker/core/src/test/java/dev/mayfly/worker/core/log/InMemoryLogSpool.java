package dev.mayfly.worker.core.log;

import dev.mayfly.api.LogStream;
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
                entry.getValue().acknowledged))
        .toList();
  }

  private final class Spool implements AttemptSpool {
    private final AttemptLease lease;
    private final TreeMap<Long, LogChunk> chunks = new TreeMap<>();
    private long last;
    private long acknowledged;

    Spool(AttemptLease lease) {
      this.lease = lease;
    }

    @Override
    public void append(
        long sequence, LogStream stream, long micros, byte[] data, int from, int length)
        throws IOException {
      synchronized (InMemoryLogSpool.this) {
        if (full) {
          throw new IOException("No space left on device");
        }
        if (sequence != last && sequence != last + 1) {
          throw new IllegalStateException("chunk " + sequence + " after chunk " + last);
        }
        var bytes = new ByteArrayOutputStream();
        var known = chunks.get(sequence);
        if (known != null) {
          bytes.writeBytes(known.data());
        }
        bytes.write(data, from, length);
        chunks.put(
            sequence,
            new LogChunk(
                sequence,
                stream,
                known == null ? micros : known.microsSinceAssigned(),
                bytes.toByteArray()));
        last = sequence;
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
