package dev.mayfly.image.bundle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.EnumSet;
import java.util.Set;

/**
 * An Ed25519 key that signs bundles: a PKCS#8 PEM file that its owner alone can read, and its
 * public half beside it in {@code FILE.pub}, as {@code openssl genpkey -algorithm ed25519} and
 * {@code openssl pkey -pubout} write them. Thread-safe.
 */
public final class SigningKey {
  /** What is added to the private file's name. */
  public static final String PUBLIC_SUFFIX = ".pub";

  private static final Set<PosixFilePermission> NOT_FOR_OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private final PrivateKey key;
  private final PublicKey publicKey;

  private SigningKey(PrivateKey key, PublicKey publicKey) {
    this.key = key;
    this.publicKey = publicKey;
  }

  /**
   * Makes a key and writes both files; the private one with mode 0600.
   *
   * @throws java.nio.file.FileAlreadyExistsException when there is either of them: a key is never
   *     overwritten
   */
  public static SigningKey create(Path file) throws IOException {
    KeyPair pair;
    try {
      pair = KeyPairGenerator.getInstance(KeyFiles.ALGORITHM).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform since 15 has Ed25519", e);
    }
    Path publicFile = publicFile(file);
    write(publicFile, "rw-r--r--", "PUBLIC KEY", pair.getPublic().getEncoded());
    boolean written = false;
    try {
      write(file, "rw-------", "PRIVATE KEY", pair.getPrivate().getEncoded());
      written = true;
    } finally {
      if (!written) {
        Files.deleteIfExists(publicFile);
      }
    }
    return new SigningKey(pair.getPrivate(), pair.getPublic());
  }

  /**
   * Reads both files.
   *
   * @throws KeyFormatException when others than its owner can read the private one, or when they
   *     are not the two halves of one Ed25519 key
   */
  public static SigningKey read(Path file) throws IOException {
    KeyFiles.requireWithout(
        file, NOT_FOR_OTHERS, "can be read by others than its owner: chmod 600 it");
    Path publicFile = publicFile(file);
    if (!Files.exists(publicFile)) {
      throw new KeyFormatException(
          publicFile,
          "is missing: write it with openssl pkey -in " + file + " -pubout -out " + publicFile,
          null);
    }
    PublicKey publicKey = KeyFiles.readPublic(publicFile);
    SigningKey read;
    try {
      read =
          new SigningKey(
              KeyFactory.getInstance(KeyFiles.ALGORITHM)
                  .generatePrivate(new PKCS8EncodedKeySpec(KeyFiles.readPem(file, "PRIVATE KEY"))),
              publicKey);
    } catch (GeneralSecurityException e) {
      // Without its cause, whose text may hold of the key.
      throw new KeyFormatException(file, "holds no Ed25519 private key", null);
    }
    byte[] trial = {'m'};
    if (!TrustedKeys.isSignedBy(publicKey, trial, read.sign(trial))) {
      throw new KeyFormatException(file, "and " + publicFile + " are not of one key", null);
    }
    return read;
  }

  /** By what a signature names it. */
  public String keyId() {
    return KeyFiles.idOf(publicKey);
  }

  /** Signs a manifest's canonical bytes. */
  public BundleSignature sign(byte[] manifest) {
    try {
      Signature signature = Signature.getInstance(KeyFiles.ALGORITHM);
      signature.initSign(key);
      signature.update(manifest);
      return BundleSignature.of(keyId(), signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("an Ed25519 key cannot fail to sign", e);
    }
  }

  private static void write(Path file, String mode, String label, byte[] encoded)
      throws IOException {
    try (SeekableByteChannel channel =
        Files.newByteChannel(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)))) {
      ByteBuffer pem = ByteBuffer.wrap(KeyFiles.toPem(label, encoded));
      while (pem.hasRemaining()) {
        channel.write(pem);
      }
    }
    DurableFiles.sync(file);
  }

  private static Path publicFile(Path file) {
    return file.resolveSibling(file.getFileName() + PUBLIC_SUFFIX);
  }
}
