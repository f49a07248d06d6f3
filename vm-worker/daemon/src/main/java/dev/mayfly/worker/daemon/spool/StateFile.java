package dev.mayfly.worker.daemon.spool;

import dev.mayfly.worker.core.log.ExecStream;
import dev.mayfly.worker.core.log.LogTotals;
import dev.mayfly.worker.core.log.RawProgress;
import dev.mayfly.worker.core.log.SpoolState;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;

/**
 * What a spool knows beside its chunks. It follows from the records; it is written to a file of its
 * own only when no record says it: when raw output adds nothing, and before records are removed.
 */
final class StateFile {
  private static final String NAME = "state";
  private static final String NEW_NAME = "state.new";

  private final Path directory;
  private final Map<ExecStream, RawProgress> raw = new HashMap<>();
  private LogTotals totals = LogTotals.NONE;

  StateFile(Path directory) {
    this.directory = directory;
  }

  void load() throws IOException {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(directory.resolve(NAME));
    } catch (NoSuchFileException none) {
      return;
    }
    var state =
        RecordCodec.decodeState(bytes)
            .orElseThrow(() -> new IOException("state of spool " + directory + " is damaged"));
    raw.putAll(state.raw());
    totals = state.totals();
  }

  /** A record says so: it may be older than what is known. */
  void note(ExecStream stream, RawProgress progress, LogTotals reached) {
    if (progress.safe() > 0) {
      raw.merge(stream, progress, RawProgress::orFurther);
    }
    totals = totals.orFurther(reached);
  }

  void forget(int exec) {
    raw.keySet().removeIf(stream -> stream.exec() == exec);
  }

  SpoolState state() {
    return new SpoolState(totals, raw);
  }

  /** Replaces the file at once or not at all. */
  void write() throws IOException {
    var written = directory.resolve(NEW_NAME);
    // No channel: an interrupt of the caller would close it.
    try (var out = new FileOutputStream(written.toFile())) {
      out.write(RecordCodec.encode(state()));
    }
    Files.move(
        written,
        directory.resolve(NAME),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
