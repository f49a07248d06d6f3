package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AptSourcesTest {
  private static final List<String> SUITES =
      List.of("bookworm", "bookworm-updates", "bookworm-security");

  @TempDir Path etcApt;

  @BeforeEach
  void parts() throws IOException {
    Files.createDirectories(etcApt.resolve("sources.list.d"));
  }

  @Test
  void theOneLineFormatIsRead() throws Exception {
    write(
        "sources.list",
        """
        # deb http://mirror.example/old bookworm main
        deb cdrom:[Debian GNU/Linux 12]/ bookworm main
        deb-src http://mirror.example/debian bookworm main
        deb  http://mirror.example/debian   bookworm  main contrib # the mirror
        deb [arch=amd64,i386 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg trusted=yes] http://security.example/ bookworm-security main
        deb [arch=arm64] http://ports.example/debian bookworm main
        deb http://mirror.example/debian trixie main
        rubbish
        """);

    assertThat(selected())
        .containsExactly(
            "deb http://mirror.example/debian bookworm main",
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://security.example/ bookworm-security main");
  }

  @Test
  void theDeb822FormatIsRead() throws Exception {
    write(
        "sources.list.d/debian.sources",
        """
        Types: deb deb-src
        # a snapshot once stood here
        URIs: http://mirror.example/debian
        Suites: bookworm
         bookworm-updates
        Components: main non-free-firmware
        Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
        Check-Valid-Until: no

        Types: deb
        URIs: http://mirror.example/off
        Suites: bookworm
        Components: main
        Enabled: no

        types: deb
        uris: http://security.example/debian-security
        suites: bookworm-security
        components: main
        """);

    assertThat(selected())
        .containsExactly(
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no] http://mirror.example/debian bookworm main",
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no] http://mirror.example/debian bookworm-updates main",
            "deb http://security.example/debian-security bookworm-security main");
  }

  @Test
  void thirdPartiesAreLeftOut() throws Exception {
    write(
        "sources.list.d/others.list",
        """
        deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/debian bookworm main
        deb https://vendor.example/debian bookworm stable
        """);
    write(
        "sources.list.d/inline.sources",
        """
        Types: deb
        URIs: https://vendor.example/debian
        Suites: bookworm
        Components: main
        Signed-By:
         -----BEGIN PGP PUBLIC KEY BLOCK-----
         .
         mQINBF
         -----END PGP PUBLIC KEY BLOCK-----
        """);
    write("sources.list.d/ignored.list.save", "deb http://mirror.example/debian bookworm main\n");

    assertThat(selected()).isEmpty();
    assertThat(AptSources.read(etcApt).suites()).containsExactly("bookworm");
  }

  @Test
  void anEntryInBothFormatsIsTakenOnce() throws Exception {
    write("sources.list", "deb http://mirror.example/debian bookworm main\n");
    write(
        "sources.list.d/debian.sources",
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n");

    assertThat(selected()).containsExactly("deb http://mirror.example/debian bookworm main");
  }

  @Test
  void aMachineWithoutSettingsHasNone() throws Exception {
    Files.delete(etcApt.resolve("sources.list.d"));

    assertThat(selected()).isEmpty();
  }

  @Test
  void aSuiteThatNoEntryNamesIsTakenFromTheMirrorsOfAnotherRelease() throws Exception {
    write(
        "sources.list",
        """
        deb https://vendor.example/debian stable main
        deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/debian bookworm main
        deb [signed-by=/usr/share/keyrings/debian-archive-bookworm-stable.gpg check-valid-until=no] http://mirror.example/debian bookworm main
        deb http://mirror.example/debian bookworm-updates main
        deb http://security.example/debian-security bookworm-security main
        """);
    Path keyRing =
        Files.writeString(etcApt.resolve("debian-archive-keyring.gpg"), "all of Debian's keys");

    assertThat(derived("trixie", "trixie-updates", "trixie-security"))
        .containsExactly(
            "deb [signed-by="
                + keyRing
                + " check-valid-until=no] http://mirror.example/debian trixie main",
            "deb http://mirror.example/debian trixie-updates main",
            "deb http://security.example/debian-security trixie-security main");
  }

  @Test
  void whatAnEntryNamesIsNotDerived() throws Exception {
    write(
        "sources.list",
        """
        deb http://old.example/debian bookworm main
        deb http://new.example/debian trixie main
        """);

    assertThat(derived("trixie", "trixie-updates"))
        .containsExactly("deb http://new.example/debian trixie main");
  }

  @Test
  void nothingIsDerivedFromThirdPartiesOrFromUpdatesAlone() throws Exception {
    write(
        "sources.list",
        """
        deb https://vendor.example/debian stable main
        deb cdrom:[Debian GNU/Linux 12]/ bookworm main
        deb http://mirror.example/debian bookworm-updates main
        deb http://mirror.example/debian bookworm contrib
        """);

    assertThat(derived("trixie", "trixie-updates")).isEmpty();
    assertThatThrownBy(
            () -> AptSources.read(etcApt).require(List.of("trixie", "trixie-updates"), "main"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("no usable entry of a Debian mirror")
        .hasMessageContaining("trixie")
        .hasMessageContaining("--sources FILE");
  }

  private List<String> derived(String... suites) throws IOException {
    return AptSources.read(etcApt).selectOrDerive(List.of(suites), "main", etcApt).stream()
        .map(AptSources.Entry::toLine)
        .toList();
  }

  private List<String> selected() throws IOException {
    return AptSources.read(etcApt).select(SUITES, "main").stream()
        .map(AptSources.Entry::toLine)
        .toList();
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(etcApt.resolve(name), text);
  }
}
