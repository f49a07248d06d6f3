package dev.mayfly.worker.core.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where a {@link FakeGuest} keeps transferred files: the archive as it came, under its path. Its
 * contents are not looked at but for being there. Thread-safe.
 */
public final class FakeArchives {
  private final Map<String, byte[]> archives = new ConcurrentHashMap<>();

  /** What can be packed from this path. */
  public void put(String path, byte[] archive) {
    archives.put(path, archive.clone());
  }

  /** What was unpacked to this path. */
  public Optional<byte[]> at(String path) {
    return Optional.ofNullable(archives.get(path)).map(byte[]::clone);
  }

  int unpack(FakeProcess process) throws InterruptedException {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    for (byte[] data = process.readStdin(); data.length > 0; data = process.readStdin()) {
      archive.writeBytes(data);
    }
    if (archive.size() == 0) {
      return refuse(process, "the archive ends too early");
    }
    archives.put(process.spec().command().getFirst(), archive.toByteArray());
    return ExecSpec.TRANSFER_GOOD;
  }

  int pack(FakeProcess process) throws InterruptedException {
    byte[] archive = archives.get(process.spec().command().getFirst());
    if (archive == null) {
      return refuse(process, "No such file or directory");
    }
    process.stdout(archive);
    return ExecSpec.TRANSFER_GOOD;
  }

  private static int refuse(FakeProcess process, String why) throws InterruptedException {
    process.stderr((why + "\n").getBytes(StandardCharsets.UTF_8));
    return ExecSpec.TRANSFER_REFUSED;
  }
}
