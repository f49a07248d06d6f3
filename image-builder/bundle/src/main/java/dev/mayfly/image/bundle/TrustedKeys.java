package dev.mayfly.image.bundle;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The public keys whose signatures count: the {@code .pem} and {@code .pub} files of one directory,
 * each with one Ed25519 SubjectPublicKeyInfo in PEM. Thread-safe; read once.
 */
public final class TrustedKeys {
  /** More than anybody looks after. */
  private static final int MAX_KEYS = 64;

  private static final Set<PosixFilePermission> NOT_FOR_OTHERS =
      EnumSet.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

  private final Map<String, PublicKey> keys;

  private TrustedKeys(Map<String, PublicKey> keys) {
    this.keys = Map.copyOf(keys);
  }

  /**
   * Reads them.
   *
   * @throws KeyFormatException when there are none, one is no such key, or others than their owner
   *     may write there
   */
  public static TrustedKeys read(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new KeyFormatException(directory, "is no directory of public keys", null);
    }
    requireOwn(directory);
    Map<String, PublicKey> keys = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.{pem,pub}")) {
      for (Path file : files) {
        requireOwn(file);
        PublicKey key = KeyFiles.readPublic(file);
        keys.put(KeyFiles.idOf(key), key);
        if (keys.size() > MAX_KEYS) {
          throw new KeyFormatException(directory, "holds more than " + MAX_KEYS + " keys", null);
        }
      }
    }
    if (keys.isEmpty()) {
      throw new KeyFormatException(
          directory, "holds no public key: put FILE.pem or FILE.pub there", null);
    }
    return new TrustedKeys(keys);
  }

  /** The names of the keys. */
  public SortedSet<String> ids() {
    return new TreeSet<>(keys.keySet());
  }

  /** The first of these signatures' keys that is trusted and has signed these bytes. */
  public Optional<String> signer(byte[] manifest, Collection<BundleSignature> signatures) {
    return signatures.stream()
        .filter(signature -> {
          PublicKey key = keys.get(signature.keyId());
          return key != null && isSignedBy(key, manifest, signature);
        })
        .map(BundleSignature::keyId)
        .findFirst();
  }

  static boolean isSignedBy(PublicKey key, byte[] manifest, BundleSignature signature) {
    try {
      Signature verifier = Signature.getInstance(KeyFiles.ALGORITHM);
      verifier.initVerify(key);
      verifier.update(manifest);
      return verifier.verify(signature.bytes());
    } catch (GeneralSecurityException malformed) {
      return false;
    }
  }

  private static void requireOwn(Path path) throws IOException {
    KeyFiles.requireWithout(
        path, NOT_FOR_OTHERS, "can be written by others than its owner: chmod go-w it");
  }
}
