package dev.mayfly.image.builder;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Debian's trust store for Java, written anew so that two builds are alike: it is made when the
 * package is installed, and notes when each certificate came in. The format is Java's own "JKS", as
 * {@code sun.security.provider.JavaKeyStore} reads it.
 */
final class JavaTrustStore {
  /** Where Debian has it, as a path in an archive. */
  static final String PATH = "etc/ssl/certs/java/cacerts";

  private static final int MAGIC = 0xFEEDFEED;
  private static final int VERSION = 2;
  private static final int TRUSTED_CERTIFICATE = 2;

  /** Debian has 150. */
  private static final int MAX_ENTRIES = 10_000;

  private static final int MAX_CERTIFICATE_BYTES = 64 << 10;

  /** Known to everybody: it protects against mistakes only. */
  private static final String PASSWORD = "changeit";

  /** What the format mixes into its digest. */
  private static final String SALT = "Mighty Aphrodite";

  private JavaTrustStore() {}

  private record Certificate(String type, byte[] bytes) {}

  /**
   * The same certificates by the same names, sorted, all noted at one time.
   *
   * @param seconds since 1970
   * @throws BuildException when it is no trust store of this format
   */
  static byte[] normalized(byte[] store, long seconds) throws BuildException {
    try {
      return write(read(store), seconds);
    } catch (IOException e) {
      throw new BuildException(PATH + " is no trust store this program can read", e);
    }
  }

  private static SortedMap<String, Certificate> read(byte[] store) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(store));
    if (in.readInt() != MAGIC || in.readInt() != VERSION) {
      throw new IOException("not JKS of version " + VERSION);
    }
    int count = in.readInt();
    if (count < 0 || count > MAX_ENTRIES) {
      throw new IOException(count + " entries");
    }
    SortedMap<String, Certificate> certificates = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      if (in.readInt() != TRUSTED_CERTIFICATE) {
        throw new IOException("an entry is no certificate");
      }
      String alias = in.readUTF();
      in.readLong();
      String type = in.readUTF();
      int length = in.readInt();
      if (length < 0 || length > MAX_CERTIFICATE_BYTES) {
        throw new IOException("a certificate of " + length + " bytes");
      }
      byte[] bytes = in.readNBytes(length);
      if (bytes.length < length) {
        throw new EOFException();
      }
      certificates.put(alias, new Certificate(type, bytes));
    }
    byte[] content = new byte[store.length - in.available()];
    System.arraycopy(store, 0, content, 0, content.length);
    if (!MessageDigest.isEqual(in.readAllBytes(), digest(content))) {
      throw new IOException("its digest is wrong");
    }
    return certificates;
  }

  private static byte[] write(SortedMap<String, Certificate> certificates, long seconds)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(MAGIC);
    out.writeInt(VERSION);
    out.writeInt(certificates.size());
    for (Map.Entry<String, Certificate> entry : certificates.entrySet()) {
      out.writeInt(TRUSTED_CERTIFICATE);
      out.writeUTF(entry.getKey());
      out.writeLong(seconds * 1000);
      out.writeUTF(entry.getValue().type());
      out.writeInt(entry.getValue().bytes().length);
      out.write(entry.getValue().bytes());
    }
    out.write(digest(bytes.toByteArray()));
    return bytes.toByteArray();
  }

  private static byte[] digest(byte[] content) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      digest.update(PASSWORD.getBytes(StandardCharsets.UTF_16BE));
      digest.update(SALT.getBytes(StandardCharsets.UTF_8));
      return digest.digest(content);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
