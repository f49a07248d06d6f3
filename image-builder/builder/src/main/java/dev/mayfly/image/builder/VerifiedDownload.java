package dev.mayfly.image.builder;

import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.Commands.Ended;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fetches files over HTTP and keeps one only when it is what its publisher says it is: a mismatch
 * deletes it and stops the build with the file's name. Errors name hosts and files, never the user
 * part of an address.
 */
final class VerifiedDownload {
  private static final Duration CONNECT = Duration.ofSeconds(30);
  private static final Duration ANSWER = Duration.ofSeconds(60);

  /** 100 MiB at half a megabit a second. */
  private static final Duration WHOLE = Duration.ofMinutes(30);

  /** Of a checksum file or a signature: some hundred bytes, or one line for each of many files. */
  private static final int MAX_SMALL_BYTES = 256 * 1024;

  private static final int BUFFER_BYTES = 64 * 1024;

  /** As {@code sha256sum} writes it; the star stands for a binary file. */
  private static final Pattern CHECKSUM_LINE = Pattern.compile("([0-9a-fA-F]{64,128}) [ *](.+)");

  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();
  private final Path directory;

  /**
   * @param directory where files are put, by their last path part
   */
  VerifiedDownload(Path directory) {
    this.directory = directory;
  }

  /**
   * What a publisher says a file's bytes are.
   *
   * @param algorithm as {@link MessageDigest} calls it: SHA-256 or SHA-512
   * @param hex in lower case
   */
  record Checksum(String algorithm, String hex) {
    Checksum {
      int digits = algorithm.equals("SHA-512") ? 128 : 64;
      if (!hex.matches("[0-9a-f]{" + digits + "}")) {
        throw new IllegalArgumentException("not a checksum of " + digits + " digits");
      }
    }
  }

  /**
   * Fetches a checksum file, which may list several files, and takes the line of one.
   *
   * @throws BuildException when it cannot be fetched or says nothing about that file
   */
  Checksum checksum(URI checksumFile, String algorithm, String ofFile)
      throws BuildException, InterruptedException {
    String text = small(checksumFile);
    Optional<String> hex = Optional.empty();
    for (String line : text.split("\n")) {
      Matcher matcher = CHECKSUM_LINE.matcher(line.strip());
      if (matcher.matches() && matcher.group(2).equals(ofFile)) {
        hex = Optional.of(matcher.group(1));
      }
    }
    if (hex.isEmpty() && text.strip().matches("[0-9a-fA-F]{64,128}")) {
      hex = Optional.of(text.strip());
    }
    try {
      return new Checksum(algorithm, hex.map(found -> found.toLowerCase(Locale.ROOT)).orElse(""));
    } catch (IllegalArgumentException e) {
      throw new BuildException(
          show(checksumFile) + " has no " + algorithm + " checksum of " + ofFile, e);
    }
  }

  /** A small text, such as a checksum file; not verified in itself. */
  String small(URI uri) throws BuildException, InterruptedException {
    Path file = directory.resolve(name(uri) + ".small");
    try {
      fetch(uri, file, MAX_SMALL_BYTES, Optional.empty());
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw cannot(uri, e);
    } finally {
      delete(file);
    }
  }

  /**
   * Fetches a file and checks it.
   *
   * @param maxBytes more is refused while it comes
   * @return below the directory
   */
  Path verified(URI uri, Checksum expected, long maxBytes)
      throws BuildException, InterruptedException {
    Path file = directory.resolve(name(uri));
    boolean kept = false;
    try {
      String actual = fetch(uri, file, maxBytes, Optional.of(expected.algorithm()));
      if (!actual.equals(expected.hex())) {
        throw new BuildException(
            show(uri)
                + " is not what its publisher says: its "
                + expected.algorithm()
                + " should be "
                + expected.hex()
                + " and is "
                + actual
                + "; it was deleted");
      }
      kept = true;
      return file;
    } catch (IOException e) {
      throw cannot(uri, e);
    } finally {
      if (!kept) {
        delete(file);
      }
    }
  }

  /**
   * Checks a detached OpenPGP signature of a file that is here.
   *
   * @param keyRing whose keys alone are trusted
   */
  void requireSigned(Path file, URI signature, Path keyRing, Commands commands)
      throws BuildException, InterruptedException {
    Tool.require(commands.path(), List.of(Tool.GPGV));
    Path kept = directory.resolve(name(signature));
    try {
      fetch(signature, kept, MAX_SMALL_BYTES, Optional.empty());
      Ended ended =
          commands.run(
              new Command(
                  List.of(
                      Tool.GPGV.program(),
                      "--keyring",
                      keyRing.toAbsolutePath().toString(),
                      kept.toString(),
                      file.toString()),
                  Map.of(),
                  ""),
              in -> in.skip(Long.MAX_VALUE),
              line -> {});
      if (ended.exitCode() != 0) {
        throw new BuildException(
            file.getFileName()
                + " is not signed by a key of "
                + keyRing
                + ": "
                + String.join(" | ", Commands.tail(ended.lastLines(), 3)));
      }
    } catch (IOException e) {
      throw cannot(signature, e);
    }
  }

  /** Returns the digest in lower case; empty where no algorithm is asked for. */
  private String fetch(URI uri, Path file, long maxBytes, Optional<String> algorithm)
      throws BuildException, InterruptedException, IOException {
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(ANSWER).GET().build();
    HttpResponse<InputStream> response = client.send(request, BodyHandlers.ofInputStream());
    try (InputStream in = response.body()) {
      if (response.statusCode() != 200) {
        throw new BuildException(
            show(uri) + " is not there: the server answered " + response.statusCode());
      }
      Thread deadline = Thread.ofVirtual().start(() -> closeLate(in));
      try {
        return copy(uri, in, file, maxBytes, algorithm);
      } finally {
        deadline.interrupt();
      }
    }
  }

  private static String copy(
      URI uri, InputStream in, Path file, long maxBytes, Optional<String> algorithm)
      throws IOException, BuildException, InterruptedException {
    Optional<MessageDigest> digest =
        algorithm.isPresent() ? Optional.of(digest(algorithm.get())) : Optional.empty();
    long total = 0;
    byte[] buffer = new byte[BUFFER_BYTES];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        total += read;
        if (total > maxBytes) {
          throw new BuildException(
              show(uri) + " has more than the " + maxBytes + " bytes it may have");
        }
        out.write(buffer, 0, read);
        int count = read;
        digest.ifPresent(each -> each.update(buffer, 0, count));
      }
    }
    return digest.map(each -> HexFormat.of().formatHex(each.digest())).orElse("");
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reading a body has no time limit of its own. */
  private static void closeLate(InputStream in) {
    try {
      Thread.sleep(WHOLE);
      in.close();
    } catch (InterruptedException endedInTime) {
      Thread.currentThread().interrupt();
    } catch (IOException alreadyBroken) {
      // The reader says so.
    }
  }

  private static BuildException cannot(URI uri, IOException e) {
    String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new BuildException(
        show(uri)
            + " was not fetched whole ("
            + BuildSpace.explain(why)
            + "); check the network and try again",
        e);
  }

  /** Host and path: the rest may hold a password. */
  private static String show(URI uri) {
    String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    return uri.getScheme() + "://" + uri.getHost() + port + uri.getPath();
  }

  private static String name(URI uri) {
    String path = uri.getPath();
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")) {
      throw new IllegalArgumentException("no file name ends the address " + show(uri));
    }
    return name;
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException goesWithTheWorkDirectory) {
      // Whoever asked for it has not been given it.
    }
  }
}
