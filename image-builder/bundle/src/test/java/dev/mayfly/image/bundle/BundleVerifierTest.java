package dev.mayfly.image.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleVerifierTest {
  @TempDir Path home;
  private BootBundle bundle;
  private Path memory;

  @BeforeEach
  void publish() throws Exception {
    BundleStore store = BundleStore.open(home.resolve("images"));
    bundle = SampleBundles.publish(store, home.resolve("work"), "debian:12", "one");
    memory = home.resolve("checked");
  }

  @Test
  void aWholeBundlePasses() {
    assertThatCode(() -> new BundleVerifier().verify(bundle)).doesNotThrowAnyException();
  }

  @Test
  void aChangedFileIsNamedWithBothDigests() throws Exception {
    overwrite(bundle.kernel(), "One vmlinux");

    assertThatThrownBy(() -> new BundleVerifier().verify(bundle))
        .isInstanceOf(BundleBrokenException.class)
        .hasMessageContaining(bundle.kernel().toString())
        .hasMessageContaining(bundle.manifest().kernel().file().sha256().toString())
        .hasMessageContaining(Sha256.ofFile(bundle.kernel()).toString());
  }

  @Test
  void aMissingALongerAndALinkedFileAreBroken() throws Exception {
    Files.writeString(bundle.kernel(), "one vmlinux, and more");
    assertThatThrownBy(() -> new BundleVerifier().verify(bundle))
        .isInstanceOf(BundleBrokenException.class)
        .hasMessageContaining("21 bytes");
    Files.delete(bundle.kernel());
    assertThatThrownBy(() -> new BundleVerifier().verify(bundle))
        .isInstanceOfSatisfying(
            BundleBrokenException.class, e -> assertThat(e.file()).isEqualTo(bundle.kernel()));
    Files.createSymbolicLink(
        bundle.kernel(), Files.writeString(home.resolve("elsewhere"), "one vmlinux"));
    assertThatThrownBy(() -> new BundleVerifier().verify(bundle))
        .isInstanceOf(BundleBrokenException.class);
  }

  @Test
  void aCheckIsNotRepeatedWhileTheFileStaysAsItWas() throws Exception {
    BundleVerifier verifier = new BundleVerifier();
    verifier.verify(bundle);
    FileTime modified = Files.getLastModifiedTime(bundle.kernel());

    // Same size, inode and time: only reading it again could tell.
    overwrite(bundle.kernel(), "One vmlinux");
    Files.setLastModifiedTime(bundle.kernel(), modified);
    assertThatCode(() -> verifier.verify(bundle)).doesNotThrowAnyException();

    Files.setLastModifiedTime(bundle.kernel(), FileTime.fromMillis(modified.toMillis() + 1000));
    assertThatThrownBy(() -> verifier.verify(bundle)).isInstanceOf(BundleBrokenException.class);
  }

  @Test
  void aReplacedFileIsCheckedAgain() throws Exception {
    BundleVerifier verifier = new BundleVerifier();
    verifier.verify(bundle);
    FileTime modified = Files.getLastModifiedTime(bundle.kernel());
    Path other = Files.writeString(home.resolve("other"), "One vmlinux");
    Files.setLastModifiedTime(other, modified);
    Files.move(other, bundle.kernel(), java.nio.file.StandardCopyOption.ATOMIC_MOVE);

    assertThatThrownBy(() -> verifier.verify(bundle)).isInstanceOf(BundleBrokenException.class);
  }

  @Test
  void checksAreRememberedAcrossRestarts() throws Exception {
    new BundleVerifier(memory).verify(bundle);
    FileTime modified = Files.getLastModifiedTime(bundle.kernel());
    overwrite(bundle.kernel(), "One vmlinux");
    Files.setLastModifiedTime(bundle.kernel(), modified);

    assertThatCode(() -> new BundleVerifier(memory).verify(bundle)).doesNotThrowAnyException();
  }

  @Test
  void aMemoryThatCannotBeReadCostsOneCheckMore() throws Exception {
    Files.writeString(memory, "rubbish\n" + "0".repeat(64) + " x y z /\n");
    assertThatCode(() -> new BundleVerifier(memory).verify(bundle)).doesNotThrowAnyException();
    assertThat(Files.readString(memory)).doesNotContain("rubbish").contains("vmlinux");

    Files.write(memory, new byte[] {(byte) 0xff, (byte) 0xfe, '\n'});
    overwrite(bundle.kernel(), "One vmlinux");
    assertThatThrownBy(() -> new BundleVerifier(memory).verify(bundle))
        .isInstanceOf(BundleBrokenException.class);
  }

  /** Keeps the inode. */
  private static void overwrite(Path file, String content) throws IOException {
    Files.writeString(file, content);
  }
}
