package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AptFailureTest {
  @Test
  void aMirrorThatCannotBeReachedIsNamed() {
    assertThat(
            AptFailure.explain(
                List.of(
                    "I: running apt-get update...",
                    "Err:1 http://me:secret@mirror.example/debian bookworm InRelease",
                    "  Could not resolve 'mirror.example'",
                    "E: Failed to fetch http://me:secret@mirror.example/debian/dists/bookworm/InRelease  Could not resolve 'mirror.example'",
                    "E: apt-get update failed")))
        .contains("mirror.example cannot be reached")
        .contains("--sources")
        .doesNotContain("secret");
  }

  @Test
  void aFullDiskIsSaidFirst() {
    assertThat(
            AptFailure.explain(
                List.of(
                    "E: Failed to fetch http://mirror.example/x  Connection failed",
                    "dpkg: error: failed to write: No space left on device")))
        .startsWith("the disk is full");
  }

  @Test
  void anArchiveThatIsNotTrustedIsSaid() {
    assertThat(
            AptFailure.explain(
                List.of(
                    "W: GPG error: http://mirror.example/debian bookworm InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 0E98404D386FA1D9",
                    "E: The repository 'http://mirror.example/debian bookworm InRelease' is not signed.")))
        .contains("mirror.example is not signed by a key this machine trusts")
        .contains("debian-archive-keyring");
  }

  @Test
  void aPackageThatIsNotThereIsNamed() {
    assertThat(AptFailure.explain(List.of("E: Unable to locate package vim-moon")))
        .contains("vim-moon");
  }

  @Test
  void anythingElseShowsTheErrors() {
    assertThat(AptFailure.explain(List.of("I: fine", "E: chroot: odd", "I: removing tempdir")))
        .isEqualTo("mmdebstrap failed: E: chroot: odd");
  }
}
