package dev.mayfly.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Arguments and environment as the caller gave them. In the locale C, which CI systems love, the
 * JVM turns every byte above 127 of them into a question mark; the kernel still knows them.
 */
final class ProcessText {
  private static final char REPLACEMENT = '\ufffd';
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
  private static final Path ENVIRONMENT = Path.of("/proc/self/environ");

  private ProcessText() {}

  /**
   * The true arguments.
   *
   * @throws CommandFailed when one is not UTF-8, which no job could be given
   */
  static String[] arguments(String[] decoded) throws CommandFailed {
    boolean damaged = false;
    for (String argument : decoded) {
      damaged |= argument.indexOf(REPLACEMENT) >= 0;
    }
    return damaged ? recover(decoded, read(COMMAND_LINE)) : decoded;
  }

  static String[] recover(String[] decoded, List<byte[]> commandLine) throws CommandFailed {
    if (commandLine.size() < decoded.length) {
      return decoded;
    }
    String[] recovered = new String[decoded.length];
    int first = commandLine.size() - decoded.length;
    for (int i = 0; i < decoded.length; i++) {
      try {
        recovered[i] =
            StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(commandLine.get(first + i)))
                .toString();
      } catch (CharacterCodingException invalid) {
        throw new CommandFailed(ExitCode.USAGE, "argument " + (i + 1) + " is not UTF-8");
      }
    }
    return recovered;
  }

  /** The true environment; a value that is not UTF-8 stays damaged. */
  static Map<String, String> environment() {
    Map<String, String> decoded = System.getenv();
    boolean damaged = false;
    for (String value : decoded.values()) {
      damaged |= value.indexOf(REPLACEMENT) >= 0;
    }
    if (!damaged) {
      return decoded;
    }
    Map<String, String> environment = new HashMap<>(decoded);
    for (byte[] entry : read(ENVIRONMENT)) {
      String text = new String(entry, StandardCharsets.UTF_8);
      int equals = text.indexOf('=');
      if (equals > 0) {
        environment.put(text.substring(0, equals), text.substring(equals + 1));
      }
    }
    return environment;
  }

  /** The NUL-terminated texts of a file of /proc; none where there is no /proc. */
  private static List<byte[]> read(Path file) {
    byte[] all;
    try {
      all = Files.readAllBytes(file);
    } catch (IOException noProc) {
      return List.of();
    }
    return split(all);
  }

  static List<byte[]> split(byte[] all) {
    List<byte[]> texts = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i] == 0) {
        byte[] text = new byte[i - start];
        System.arraycopy(all, start, text, 0, text.length);
        texts.add(text);
        start = i + 1;
      }
    }
    return texts;
  }
}
