package dev.mayfly.cli;

import dev.mayfly.api.rest.JobRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The secrets of a job: {@code NAME} from the caller's environment, {@code NAME=@FILE} from a file,
 * {@code NAME=@-} from standard input. Never from the arguments, which everybody on the machine can
 * read. Messages never show a value.
 */
final class SecretOptions {
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final String STANDARD_INPUT = "-";

  private final Map<String, String> callers;
  private final InputStream input;

  /**
   * @param callers the caller's environment
   * @param input read at most once
   */
  SecretOptions(Map<String, String> callers, InputStream input) {
    this.callers = callers;
    this.input = input;
  }

  Map<String, String> collect(List<String> entries) throws CommandFailed {
    Map<String, String> collected = new LinkedHashMap<>();
    boolean inputRead = false;
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      String name = equals < 0 ? entry : entry.substring(0, equals);
      if (!NAME.matcher(name).matches()) {
        throw usage("expected NAME or NAME=@FILE, a name of letters, digits and _");
      }
      String from = equals < 0 ? "" : entry.substring(equals + 1);
      if (equals >= 0 && !from.startsWith("@")) {
        throw usage(
            name
                + ": everybody on this machine can read a value among the arguments; set the"
                + " variable and give --secret "
                + name
                + ", or --secret "
                + name
                + "=@FILE (@- for standard input)");
      }
      if (from.equals("@" + STANDARD_INPUT)) {
        if (inputRead) {
          throw usage(name + ": standard input holds one secret, and it is taken already");
        }
        inputRead = true;
      }
      collected.put(name, equals < 0 ? callers(name) : read(name, from.substring(1)));
    }
    return collected;
  }

  private String callers(String name) throws CommandFailed {
    String value = callers.get(name);
    if (value == null) {
      throw usage(name + " is not set in your environment");
    }
    return value;
  }

  private String read(String name, String file) throws CommandFailed {
    try {
      if (file.equals(STANDARD_INPUT)) {
        return text(name, input);
      }
      try (InputStream in = Files.newInputStream(Path.of(file))) {
        return text(name, in);
      }
    } catch (CharacterCodingException invalid) {
      throw usage(name + ": what was read is not UTF-8");
    } catch (NoSuchFileException | InvalidPathException absent) {
      throw usage(name + ": there is no file " + file);
    } catch (IOException unreadable) {
      throw usage(name + ": cannot read " + file);
    }
  }

  /** Without the one line end that editors and echo put at the end. */
  private static String text(String name, InputStream in) throws CommandFailed, IOException {
    byte[] bytes = in.readNBytes(JobRequest.MAX_ENVIRONMENT_BYTES + 1);
    if (bytes.length > JobRequest.MAX_ENVIRONMENT_BYTES) {
      throw usage(
          name + ": what was read is larger than " + JobRequest.MAX_ENVIRONMENT_BYTES + " bytes");
    }
    String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    if (text.endsWith("\r\n")) {
      return text.substring(0, text.length() - 2);
    }
    return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
  }

  private static CommandFailed usage(String line) {
    return new CommandFailed(ExitCode.USAGE, "--secret " + line);
  }
}
