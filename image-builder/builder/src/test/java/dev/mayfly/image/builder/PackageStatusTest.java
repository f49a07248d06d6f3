package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PackageStatusTest {
  @Test
  void dpkgsRecordTellsWhatIsInstalledAndNothingElse() throws Exception {
    String status =
        """
        Package: git
        Status: install ok installed
        Installed-Size: 46000
        Architecture: amd64
        Version: 1:2.39.5-0+deb12u2
        Description: fast, scalable
         Version: 9

        Package: gone
        Status: deinstall ok config-files
        Version: 1

        Package: bash
        Status: hold ok installed
        Version: 5.2
        """;

    assertThat(PackageStatus.dpkg(status))
        .containsExactly(
            new InstalledPackage("deb", "bash", "5.2", "", 0),
            new InstalledPackage("deb", "git", "1:2.39.5-0+deb12u2", "amd64", 46_000L << 10));
  }

  @Test
  void aRecordOfOnePackageInItsOwnFileHasNoStatus() throws Exception {
    assertThat(PackageStatus.dpkg("Package: base-files\nVersion: 12.4\nArchitecture: all\n"))
        .extracting(InstalledPackage::nameAndVersion)
        .containsExactly("base-files=12.4");
  }

  @Test
  void apksRecordIsRead() throws Exception {
    String installed =
        """
        C:Q1abc=
        P:musl
        V:1.2.5-r0
        A:x86_64
        S:383152
        I:622592
        F:lib
        R:ld-musl-x86_64.so.1

        P:busybox
        V:1.36.1-r29
        A:x86_64
        """;

    assertThat(PackageStatus.apk(installed))
        .containsExactly(
            new InstalledPackage("apk", "busybox", "1.36.1-r29", "x86_64", 0),
            new InstalledPackage("apk", "musl", "1.2.5-r0", "x86_64", 622_592));
  }

  @Test
  void aRecordWithoutNameOrVersionIsRefused() {
    assertThatThrownBy(() -> PackageStatus.dpkg("Status: install ok installed\nPackage: x\n"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("version");
    assertThatThrownBy(() -> PackageStatus.apk("V:1\n"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("name");
  }

  @Test
  void aRecordWithoutEndIsRefused() {
    String endless = "P:a\nV:1\n\n".repeat(PackageStatus.MAX_PACKAGES + 1);

    assertThatThrownBy(() -> PackageStatus.apk(endless))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("50000");
  }

  @Test
  void osReleaseTellsTheDistribution() {
    assertThat(
            Distribution.parse(
                "PRETTY_NAME=\"Debian\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\nID_LIKE=x\n"))
        .isEqualTo(new Distribution("debian", "12", "bookworm"));
    assertThat(Distribution.parse("ID=alpine\nVERSION_ID=3.20.1\n").release()).isEqualTo("3.20.1");
    assertThat(Distribution.parse("ID=$(reboot)\n")).isEqualTo(Distribution.UNKNOWN);
  }
}
