package dev.mayfly.image.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SignatureTest {
  private static final byte[] MANIFEST = "{\"schema\":2}".getBytes(UTF_8);

  @TempDir Path home;

  @Test
  void aSignatureByATrustedKeyCounts() throws Exception {
    SigningKey key = SigningKey.create(home.resolve("key.pem"));
    SigningKey stranger = SigningKey.create(home.resolve("stranger.pem"));
    TrustedKeys trusted = trust("key.pem");

    BundleSignature signature = SigningKey.read(home.resolve("key.pem")).sign(MANIFEST);

    assertThat(trusted.ids()).containsExactly(key.keyId());
    assertThat(trusted.signer(MANIFEST, List.of(stranger.sign(MANIFEST), signature)))
        .contains(key.keyId());
    assertThat(trusted.signer(MANIFEST, List.of(stranger.sign(MANIFEST)))).isEmpty();
    assertThat(trusted.signer("{\"schema\":3}".getBytes(UTF_8), List.of(signature))).isEmpty();
    assertThat(trusted.signer(MANIFEST, List.of())).isEmpty();
  }

  @Test
  void aStrangersSignatureUnderATrustedNameDoesNotCount() throws Exception {
    SigningKey key = SigningKey.create(home.resolve("key.pem"));
    SigningKey stranger = SigningKey.create(home.resolve("stranger.pem"));

    BundleSignature forged = new BundleSignature(key.keyId(), stranger.sign(MANIFEST).hex());

    assertThat(trust("key.pem").signer(MANIFEST, List.of(forged))).isEmpty();
  }

  @Test
  void aKeyIsClosedToOthersAndNeverOverwritten() throws Exception {
    Path file = home.resolve("key.pem");
    SigningKey.create(file);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThatThrownBy(() -> SigningKey.create(file))
        .isInstanceOf(FileAlreadyExistsException.class);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> SigningKey.read(file))
        .isInstanceOf(KeyFormatException.class)
        .hasMessageContaining("chmod 600");
  }

  @Test
  void halvesOfTwoKeysAreRefused() throws Exception {
    SigningKey.create(home.resolve("one.pem"));
    SigningKey.create(home.resolve("two.pem"));
    Files.copy(
        home.resolve("two.pem.pub"),
        home.resolve("one.pem.pub"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);

    assertThatThrownBy(() -> SigningKey.read(home.resolve("one.pem")))
        .isInstanceOf(KeyFormatException.class)
        .hasMessageContaining("not of one key");
    Files.delete(home.resolve("one.pem.pub"));
    assertThatThrownBy(() -> SigningKey.read(home.resolve("one.pem")))
        .hasMessageContaining("openssl pkey");
  }

  @Test
  void whatIsNoKeyIsRefusedWithItsFile() throws Exception {
    Path keys = Files.createDirectory(home.resolve("keys"));
    assertThatThrownBy(() -> TrustedKeys.read(home.resolve("none")))
        .isInstanceOf(KeyFormatException.class);
    assertThatThrownBy(() -> TrustedKeys.read(keys)).hasMessageContaining("holds no public key");
    for (String wrong :
        List.of(
            "", "ssh-ed25519 AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")) {
      Files.writeString(keys.resolve("a.pem"), wrong);
      assertThatThrownBy(() -> TrustedKeys.read(keys))
          .isInstanceOf(KeyFormatException.class)
          .hasMessageContaining("a.pem");
    }
  }

  @Test
  void keysThatOthersCanWriteAreNotTrusted() throws Exception {
    SigningKey.create(home.resolve("key.pem"));
    trust("key.pem");
    Path keys = home.resolve("keys");
    Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rwxrwxr-x"));

    assertThatThrownBy(() -> TrustedKeys.read(keys)).hasMessageContaining("chmod go-w");
  }

  @Test
  void signaturesLieBesideTheManifestAndOutliveAMending() throws Exception {
    BundleStore store = BundleStore.open(home.resolve("images"));
    BootBundle bundle = SampleBundles.publish(store, home.resolve("a"), "debian:12", "one");
    SigningKey key = SigningKey.create(home.resolve("key.pem"));
    BundleSignature signature = key.sign(bundle.manifest().toBytes());

    assertThat(store.signatures(bundle.digest())).isEmpty();
    store.sign(bundle.digest(), List.of(signature));
    store.sign(bundle.digest(), List.of(signature));
    assertThat(store.signatures(bundle.digest())).containsExactly(signature);
    assertThat(store.find(bundle.digest())).contains(bundle);
    Files.delete(bundle.kernel());
    SampleBundles.publish(store, home.resolve("b"), "debian:12", "one");

    assertThat(bundle.kernel()).exists();
    assertThat(store.signatures(bundle.digest())).containsExactly(signature);
  }

  @Test
  void aBundleHasAtMostEightSignatures() throws Exception {
    BundleStore store = BundleStore.open(home.resolve("images"));
    BootBundle bundle = SampleBundles.publish(store, home.resolve("a"), "debian:12", "one");
    List<BundleSignature> signatures = new ArrayList<>();
    for (int i = 0; i <= BundleSignature.MAX_PER_BUNDLE; i++) {
      signatures.add(new BundleSignature("%016x".formatted(i), "0".repeat(128)));
    }

    assertThatThrownBy(() -> store.sign(bundle.digest(), signatures))
        .isInstanceOf(IllegalArgumentException.class);
    Files.writeString(bundle.directory().resolve("signatures.json"), "{\"signatures\":[{}]}");
    assertThatThrownBy(() -> store.signatures(bundle.digest()))
        .isInstanceOf(BundleFormatException.class);
  }

  private TrustedKeys trust(String name) throws IOException {
    Path keys = home.resolve("keys");
    Files.createDirectories(keys);
    Files.copy(home.resolve(name + ".pub"), keys.resolve(name + ".pub"));
    return TrustedKeys.read(keys);
  }
}
