package dev.mayfly.server.security;

import dev.mayfly.server.config.SettingsException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Pattern;

/** The files {@code secrets/api-token} and {@code secrets/worker-token} of the state directory. */
class TokenFiles {

  private static final int TOKEN_BYTES = 32;

  /** A token that a person puts there is accepted if it is as long as ours. */
  private static final Pattern FORM = Pattern.compile("[\\x21-\\x7e]{40,200}");

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path directory;

  TokenFiles(Path home) {
    this.directory = home.resolve("secrets");
  }

  static String fileName(AccessTokens.Purpose purpose) {
    return switch (purpose) {
      case API -> "api-token";
      case WORKER -> "worker-token";
    };
  }

  /**
   * Reads the token, or makes it: 256 random bits, in a file of mode 0600 that appears whole.
   *
   * @throws SettingsException when the file cannot be read or written, or holds no token
   */
  String readOrCreate(AccessTokens.Purpose purpose) {
    Path file = directory.resolve(fileName(purpose));
    try {
      return read(file);
    } catch (NoSuchFileException absent) {
      return create(file, purpose);
    } catch (IOException failed) {
      throw new SettingsException("Could not read the token file " + file, failed);
    }
  }

  private static String read(Path file) throws IOException {
    String token = Files.readString(file, StandardCharsets.US_ASCII).strip();
    if (!FORM.matcher(token).matches()) {
      throw new SettingsException(
          "The token file "
              + file
              + " holds no token. Remove it, and the next start makes a new one.");
    }
    return token;
  }

  private String create(Path file, AccessTokens.Purpose purpose) {
    byte[] random = new byte[TOKEN_BYTES];
    RANDOM.nextBytes(random);
    String token =
        purpose.prefix() + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path partial = file.resolveSibling("." + file.getFileName() + ".partial");
      Files.deleteIfExists(partial);
      try (FileChannel channel =
          FileChannel.open(
              partial,
              Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        Channels.newOutputStream(channel).write((token + "\n").getBytes(StandardCharsets.US_ASCII));
        channel.force(true);
      }
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      return token;
    } catch (IOException failed) {
      throw new SettingsException("Could not write the token file " + file, failed);
    }
  }
}
