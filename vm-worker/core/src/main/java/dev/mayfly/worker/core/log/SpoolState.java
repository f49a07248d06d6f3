package dev.mayfly.worker.core.log;

import java.util.Map;

/**
 * What a spool says about the log in it, beside its chunks.
 *
 * @param raw of each stream that has not been forgotten
 */
public record SpoolState(LogTotals totals, Map<ExecStream, RawProgress> raw) {
  /** Of an empty log. */
  public static final SpoolState EMPTY = new SpoolState(LogTotals.NONE, Map.of());

  public SpoolState {
    raw = Map.copyOf(raw);
  }

  public RawProgress raw(ExecStream stream) {
    return raw.getOrDefault(stream, RawProgress.NONE);
  }
}
