package dev.mayfly.cli;

import dev.mayfly.client.BaseUrl;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.Timeouts;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonReader;
import dev.mayfly.client.json.MalformedJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Where the orchestrator is and with which token to speak to it, from settings and state. */
final class Connection {
  /** A token is some 50 characters, run/orchestrator.json some 60. */
  private static final int MAX_FILE_BYTES = 8 * 1024;

  private final Surroundings surroundings;

  Connection(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  MayflyClient client() throws CommandFailed {
    return client(Timeouts.DEFAULT);
  }

  MayflyClient client(Timeouts timeouts) throws CommandFailed {
    try {
      return new MayflyClient(BaseUrl.parse(url()), this::token, timeouts);
    } catch (IllegalArgumentException wrong) {
      throw new CommandFailed(ExitCode.USAGE, String.valueOf(wrong.getMessage()));
    }
  }

  private String url() throws CommandFailed {
    String set = surroundings.setting("mayfly.url", "MAYFLY_URL");
    if (set != null) {
      return set;
    }
    // The orchestrator of this home may listen on another port than the usual one.
    Path running = home().resolve("run/orchestrator.json");
    try {
      int port = JsonFields.of(JsonReader.read(read(running))).integer("httpPort");
      return "http://127.0.0.1:" + port;
    } catch (NoSuchFileException notRunning) {
      return BaseUrl.DEFAULT.value();
    } catch (MalformedJson malformed) {
      throw new CommandFailed(
          ExitCode.UNREACHABLE, "cannot understand " + running + ": " + malformed.getMessage());
    } catch (IOException unreadable) {
      return BaseUrl.DEFAULT.value();
    }
  }

  private String token() throws IOException {
    String set = surroundings.setting("mayfly.token", "MAYFLY_TOKEN");
    if (set != null) {
      return set.strip();
    }
    Path file;
    try {
      String named = surroundings.setting("mayfly.token-file", "MAYFLY_TOKEN_FILE");
      file = named == null ? home().resolve("secrets/api-token") : Path.of(named);
    } catch (CommandFailed noHome) {
      throw new IOException(noHome.getMessage(), noHome);
    }
    try {
      return read(file).strip();
    } catch (NoSuchFileException absent) {
      throw new IOException(
          "there is no token at "
              + file
              + "; start Mayfly with ./mayfly up, or set MAYFLY_TOKEN_FILE or MAYFLY_TOKEN",
          absent);
    } catch (IOException unreadable) {
      throw new IOException(
          "cannot read the token at "
              + file
              + "; is it yours? set MAYFLY_TOKEN_FILE or MAYFLY_TOKEN",
          unreadable);
    }
  }

  /** The state directory, whether it is there or not. */
  Path home() throws CommandFailed {
    String home = surroundings.setting("mayfly.home", "MAYFLY_HOME");
    if (home != null) {
      return Path.of(home);
    }
    String data = surroundings.environment().get("XDG_DATA_HOME");
    if (data != null && data.startsWith("/")) {
      return Path.of(data, "mayfly");
    }
    String user = surroundings.environment().get("HOME");
    if (user == null || user.isBlank()) {
      throw new CommandFailed(ExitCode.USAGE, "set MAYFLY_HOME: there is no HOME to find it in");
    }
    return Path.of(user, ".local/share/mayfly");
  }

  private static String read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_FILE_BYTES), StandardCharsets.UTF_8);
    }
  }
}
