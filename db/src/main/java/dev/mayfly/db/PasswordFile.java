package dev.mayfly.db;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;

/** A file of mode 0600 whose first line is a password. */
record PasswordFile(Path file) {
  /** 192 bits: 32 characters, none of which a URL or a shell would mind. */
  private static final int RANDOM_BYTES = 24;

  /** PostgreSQL takes passwords of up to 1000 bytes or so; what is longer is another file. */
  private static final int LARGEST = 4096;

  boolean exists() {
    return Files.exists(file);
  }

  /** The password; an empty file has none and is an error. */
  String read() {
    try {
      if (Files.size(file) > LARGEST) {
        throw new DatabaseException("The password file " + file + " is too large to be one.");
      }
      var password = Files.readString(file).lines().findFirst().orElse("").strip();
      if (password.isEmpty()) {
        throw new DatabaseException("The password file " + file + " has an empty first line.");
      }
      return password;
    } catch (IOException e) {
      throw new DatabaseException(
          "The password file " + file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  /** The password, which is drawn and kept first where there is none. */
  String readOrCreate() {
    if (!exists()) {
      var random = new byte[RANDOM_BYTES];
      new SecureRandom().nextBytes(random);
      write(Base64.getUrlEncoder().withoutPadding().encodeToString(random));
    }
    return read();
  }

  /** Replaces the file in one step: it is never there without its content. */
  void write(String password) {
    try {
      var unfinished = file.resolveSibling(file.getFileName() + ".new");
      Files.deleteIfExists(unfinished);
      try (var channel =
          FileChannel.open(
              unfinished,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        channel.write(ByteBuffer.wrap((password + "\n").getBytes(StandardCharsets.UTF_8)));
        channel.force(true);
      }
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw FileTrouble.at(file, e);
    }
  }
}
