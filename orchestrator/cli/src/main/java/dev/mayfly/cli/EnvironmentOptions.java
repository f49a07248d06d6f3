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
 * The environment of a job: the files first, then the single ones, later ones win. A name alone
 * takes the caller's value. Messages never show a value: it may be a secret.
 */
final class EnvironmentOptions {
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** The server takes less; the rest of a larger file need not be read. */
  private static final int MAX_FILE_BYTES = JobRequest.MAX_BODY_BYTES;

  private final Map<String, String> callers;
  private final Map<String, String> collected = new LinkedHashMap<>();

  private EnvironmentOptions(Map<String, String> callers) {
    this.callers = callers;
  }

  static Map<String, String> collect(
      List<String> files, List<String> single, Map<String, String> callers) throws CommandFailed {
    EnvironmentOptions options = new EnvironmentOptions(callers);
    for (String file : files) {
      options.addFile(file);
    }
    for (String entry : single) {
      options.add(entry, "--env");
    }
    return options.collected;
  }

  private void addFile(String file) throws CommandFailed {
    int number = 0;
    for (String line : read(file).split("\n", -1)) {
      number++;
      String entry = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
      if (!entry.isBlank() && !entry.stripLeading().startsWith("#")) {
        add(entry.stripLeading(), file + " line " + number);
      }
    }
  }

  private void add(String entry, String where) throws CommandFailed {
    int equals = entry.indexOf('=');
    String name = equals < 0 ? entry.strip() : entry.substring(0, equals);
    if (!NAME.matcher(name).matches()) {
      throw usage(where + ": expected NAME=VALUE or NAME, a name of letters, digits and _");
    }
    String value = equals < 0 ? callers.get(name) : entry.substring(equals + 1);
    if (value == null) {
      throw usage(where + ": " + name + " has no value and is not set in your environment");
    }
    collected.put(name, value);
  }

  private static String read(String file) throws CommandFailed {
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        throw usage("--env-file: " + file + " is larger than 1 MiB");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException invalid) {
      throw usage("--env-file: " + file + " is not UTF-8");
    } catch (NoSuchFileException | InvalidPathException absent) {
      throw usage("--env-file: there is no file " + file);
    } catch (IOException unreadable) {
      throw usage("--env-file: cannot read " + file + ": " + reason(unreadable));
    }
  }

  private static String reason(IOException failure) {
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }

  private static CommandFailed usage(String line) {
    return new CommandFailed(ExitCode.USAGE, line);
  }
}
