package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import org.junit.jupiter.api.Test;

class JavaTrustStoreTest {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final long SECONDS = 1_754_697_600;

  @Test
  void storesMadeInAnyOrderBecomeTheSameBytesWithTheGivenTime() throws Exception {
    List<Certificate> certificates = certificates();
    KeyStore one = empty();
    one.setCertificateEntry("a", certificates.getFirst());
    one.setCertificateEntry("b", certificates.getLast());
    KeyStore other = empty();
    other.setCertificateEntry("b", certificates.getLast());
    other.setCertificateEntry("a", certificates.getFirst());

    byte[] normalized = JavaTrustStore.normalized(bytes(one), SECONDS);

    assertThat(JavaTrustStore.normalized(bytes(other), SECONDS)).isEqualTo(normalized);
    assertThat(JavaTrustStore.normalized(normalized, SECONDS)).isEqualTo(normalized);
  }

  @Test
  void javaReadsItAndFindsWhatWasInIt() throws Exception {
    List<Certificate> certificates = certificates();
    KeyStore store = empty();
    for (int i = 0; i < certificates.size(); i++) {
      store.setCertificateEntry("authority-" + i, certificates.get(i));
    }

    KeyStore read = KeyStore.getInstance("JKS");
    read.load(new ByteArrayInputStream(JavaTrustStore.normalized(bytes(store), SECONDS)), PASSWORD);

    assertThat(Collections.list(read.aliases())).hasSameSizeAs(certificates);
    for (int i = 0; i < certificates.size(); i++) {
      assertThat(read.getCertificate("authority-" + i)).isEqualTo(certificates.get(i));
      assertThat(read.getCreationDate("authority-" + i)).isEqualTo(new Date(SECONDS * 1000));
    }
  }

  @Test
  void whatIsCutOrChangedOrNoTrustStoreIsRefused() throws Exception {
    KeyStore store = empty();
    store.setCertificateEntry("a", certificates().getFirst());
    byte[] whole = bytes(store);
    byte[] changed = whole.clone();
    changed[100] ^= 1;

    for (byte[] wrong :
        List.of(
            new byte[0],
            new byte[64],
            changed,
            Arrays.copyOf(whole, 50),
            Arrays.copyOf(whole, whole.length - 1))) {
      assertThatThrownBy(() -> JavaTrustStore.normalized(wrong, SECONDS))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("cacerts");
    }
  }

  private static KeyStore empty() throws Exception {
    KeyStore store = KeyStore.getInstance("JKS");
    store.load(null, PASSWORD);
    return store;
  }

  private static byte[] bytes(KeyStore store) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    store.store(bytes, PASSWORD);
    return bytes.toByteArray();
  }

  /** Some of those this JDK trusts. */
  private static List<Certificate> certificates() throws Exception {
    Path file = Path.of(System.getProperty("java.home"), "lib", "security", "cacerts");
    KeyStore trusted = KeyStore.getInstance(file.toFile(), PASSWORD);
    List<Certificate> certificates = new ArrayList<>();
    for (String alias : Collections.list(trusted.aliases()).stream().sorted().limit(5).toList()) {
      certificates.add(trusted.getCertificate(alias));
    }
    return certificates;
  }
}
