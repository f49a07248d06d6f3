package dev.mayfly.db;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A log file that never takes more than twice its limit: when it is full it becomes {@code .1}, and
 * what was {@code .1} is gone. For one thread.
 */
final class CappedLog implements AutoCloseable {
  private final Path file;
  private final long limit;
  private @Nullable OutputStream out;
  private long size;

  CappedLog(Path file, long limit) {
    this.file = file;
    this.limit = limit;
  }

  /**
   * Writes, or drops what cannot be written: the log of a database whose disk is full must not stop
   * the database.
   */
  void write(byte[] bytes, int count) {
    try {
      var target = out == null ? open() : out;
      if (size > 0 && size + count > limit) {
        target.close();
        Files.move(
            file,
            file.resolveSibling(file.getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
        target = open();
      }
      target.write(bytes, 0, count);
      size += count;
    } catch (IOException e) {
      close();
    }
  }

  private OutputStream open() throws IOException {
    var options =
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    var secret = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    var opened = Channels.newOutputStream(Files.newByteChannel(file, options, secret));
    out = opened;
    size = Files.size(file);
    return opened;
  }

  @Override
  public void close() {
    var open = out;
    out = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // Nothing is buffered here, so nothing is lost.
        return;
      }
    }
  }
}
