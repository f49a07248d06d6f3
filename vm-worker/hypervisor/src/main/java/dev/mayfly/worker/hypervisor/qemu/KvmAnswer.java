package dev.mayfly.worker.hypervisor.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a KVM probe found, and of what; kept as one line of JSON. */
record KvmAnswer(Key key, KvmProbe.Result result, Instant at) {
  private static final int MAX_FILE_BYTES = 8192;

  private static final String TEXT = "\"((?:[^\"\\\\]|\\\\[\"\\\\])*)\"";

  /** Exactly what {@link #toJson} writes: whatever else is in the file is asked anew. */
  private static final Pattern JSON =
      Pattern.compile(
          "\\{\"schema\":1,\"hostKernel\":%1$s,\"qemu\":%1$s,\"guestKernelSha256\":%1$s,"
                  .formatted(TEXT)
              + "\"usable\":(true|false),\"reason\":%1$s,\"at\":%1$s\\}\n".formatted(TEXT));

  /** What an answer holds for. */
  record Key(String hostKernel, String qemu, String guestKernelSha256) {}

  /** Empty when there is none that can be read. */
  static Optional<KvmAnswer> read(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_FILE_BYTES) {
        return Optional.empty();
      }
      return parse(Files.readString(file));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Replaces the file atomically. */
  void write(Path file) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(fresh, toJson());
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  static Optional<KvmAnswer> parse(String json) {
    Matcher match = JSON.matcher(json);
    if (!match.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new KvmAnswer(
              new Key(text(match, 1), text(match, 2), text(match, 3)),
              new KvmProbe.Result(match.group(4).equals("true"), text(match, 5)),
              Instant.parse(text(match, 6))));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  String toJson() {
    return "{\"schema\":1,\"hostKernel\":%s,\"qemu\":%s,\"guestKernelSha256\":%s,"
            .formatted(quote(key.hostKernel), quote(key.qemu), quote(key.guestKernelSha256))
        + "\"usable\":%s,\"reason\":%s,\"at\":%s}\n"
            .formatted(result.usable(), quote(result.reason()), quote(at.toString()));
  }

  private static String text(Matcher match, int group) {
    return match.group(group).replace("\\\"", "\"").replace("\\\\", "\\");
  }

  /** Control characters, which a reason may hold of QEMU's words, become spaces. */
  private static String quote(String text) {
    String escaped = text.replace("\\", "\\\\").replace("\"", "\\\"");
    return '"' + escaped.replaceAll("\\p{Cntrl}", " ") + '"';
  }
}
