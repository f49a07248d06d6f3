package dev.mayfly.image.registry;

import dev.mayfly.image.oci.OciException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import land.oras.ContainerRef;
import land.oras.auth.AuthProvider;
import land.oras.auth.AuthScheme;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Users and passwords for registries, from where {@code docker login} and {@code podman login}
 * leave them, credential helpers included. The library's own store does not know {@code
 * DOCKER_CONFIG}, Docker Hub's key, passwords with a colon, and a helper that does not end.
 * Thread-safe; nothing is kept in memory.
 */
final class DockerCredentials implements AuthProvider {
  /** Docker Hub's key in a docker configuration, for historical reasons. */
  private static final String HUB_KEY = "https://index.docker.io/v1/";

  private static final String HUB = "docker.io";

  /** One entry has some hundred bytes. */
  private static final int MAX_BYTES = 1 << 20;

  /** A helper may ask a service elsewhere. */
  private static final Duration HELPER = Duration.ofSeconds(30);

  private static final Pattern HELPER_NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final List<Path> files;

  private DockerCredentials(List<Path> files) {
    this.files = List.copyOf(files);
  }

  /**
   * Looks in {@code REGISTRY_AUTH_FILE} alone where that is set; else in {@code
   * $XDG_RUNTIME_DIR/containers/auth.json} and {@code $DOCKER_CONFIG/config.json}, by default
   * {@code ~/.docker/config.json}.
   */
  static DockerCredentials of(Map<String, String> environment) {
    String only = environment.getOrDefault("REGISTRY_AUTH_FILE", "");
    if (!only.isEmpty()) {
      return new DockerCredentials(List.of(Path.of(only)));
    }
    List<Path> files = new ArrayList<>();
    String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (!runtime.isEmpty()) {
      files.add(Path.of(runtime, "containers", "auth.json"));
    }
    String docker = environment.getOrDefault("DOCKER_CONFIG", "");
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    files.add(
        docker.isEmpty()
            ? Path.of(home, ".docker", "config.json")
            : Path.of(docker, "config.json"));
    return new DockerCredentials(files);
  }

  @Override
  public @Nullable String getAuthHeader(ContainerRef ref) {
    try {
      return find(ref.getRegistry(), ref.getFullRepository())
          .map(login -> "Basic " + base64(login))
          .orElse(null);
    } catch (IOException e) {
      throw new UnreadableException(e);
    }
  }

  @Override
  public AuthScheme getAuthScheme() {
    return AuthScheme.BASIC;
  }

  /** {@code user:password}, from the most exact key to the registry's own. */
  Optional<String> find(String registry, String repository) throws OciException {
    for (Path file : files) {
      Optional<JsonNode> configuration = read(file);
      if (configuration.isPresent()) {
        Optional<String> login = find(file, configuration.get(), registry, repository);
        if (login.isPresent()) {
          return login;
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> find(
      Path file, JsonNode configuration, String registry, String repository) throws OciException {
    String server = registry.equals(HUB) ? HUB_KEY : registry;
    String helper = configuration.path("credHelpers").path(registry).asString("");
    if (!helper.isEmpty()) {
      return ask(file, helper, server);
    }
    for (String key = registry + "/" + repository; ; key = key.substring(0, key.lastIndexOf('/'))) {
      Optional<String> login = stored(file, configuration.path("auths").path(key));
      if (login.isPresent()) {
        return login;
      }
      if (key.equals(registry)) {
        break;
      }
    }
    Optional<String> login = stored(file, configuration.path("auths").path(server));
    if (login.isPresent()) {
      return login;
    }
    String store = configuration.path("credsStore").asString("");
    return store.isEmpty() ? Optional.empty() : ask(file, store, server);
  }

  private static Optional<String> stored(Path file, JsonNode entry) throws OciException {
    String auth = entry.path("auth").asString("");
    if (auth.isEmpty()) {
      return Optional.empty();
    }
    try {
      String login = new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8);
      if (login.indexOf(':') > 0) {
        return Optional.of(login);
      }
    } catch (IllegalArgumentException e) {
      throw OciException.wrong(file + " has a login that is not base64; log in again", e);
    }
    throw OciException.wrong(file + " has a login that is not user:password; log in again");
  }

  /** By the protocol of docker-credential-helpers: the server on standard input, JSON back. */
  private static Optional<String> ask(Path file, String helper, String server) throws OciException {
    if (!HELPER_NAME.matcher(helper).matches()) {
      throw OciException.wrong(file + " names a credential helper that is no plain name");
    }
    String program = "docker-credential-" + helper;
    Process process;
    try {
      process =
          new ProcessBuilder(program, "get").redirectError(ProcessBuilder.Redirect.DISCARD).start();
    } catch (IOException e) {
      throw OciException.wrong(
          file + " names the credential helper " + program + ", which cannot be started", e);
    }
    try {
      try (OutputStream out = process.getOutputStream()) {
        out.write(server.getBytes(StandardCharsets.UTF_8));
      }
      byte[] answer =
          Patience.call(program, HELPER, () -> process.getInputStream().readNBytes(MAX_BYTES));
      if (!process.waitFor(HELPER.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
        // It has nothing for this server, and says that by its exit code.
        return Optional.empty();
      }
      JsonNode login = JSON.readTree(answer);
      return Optional.of(
          login.path("Username").asString("") + ":" + login.path("Secret").asString(""));
    } catch (JacksonException | IOException e) {
      throw OciException.wrong(program + " did not answer as a credential helper does", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw OciException.outside(program + " was interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static Optional<JsonNode> read(Path file) throws OciException {
    try (InputStream in = Files.newInputStream(file)) {
      return Optional.of(JSON.readTree(in.readNBytes(MAX_BYTES)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JacksonException | IOException e) {
      // Its message could show a part of the file.
      throw OciException.wrong(file + " cannot be read as a docker configuration");
    }
  }

  private static String base64(String login) {
    return Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
  }

  /** Carries a failure through the library. */
  static final class UnreadableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnreadableException(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }
}
