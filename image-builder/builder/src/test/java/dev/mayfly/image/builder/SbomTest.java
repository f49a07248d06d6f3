package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.cyclonedx.Version;
import org.cyclonedx.model.Bom;
import org.cyclonedx.model.Component;
import org.cyclonedx.parsers.JsonParser;
import org.junit.jupiter.api.Test;

class SbomTest {
  private static final Distribution BOOKWORM = new Distribution("debian", "12", "bookworm");
  private static final InstalledPackage BASH =
      new InstalledPackage("deb", "bash", "5.2.15-2+b7", "amd64", 7_000_000);
  private static final InstalledPackage LIBSTDCPP =
      new InstalledPackage("deb", "libstdc++6", "1:12.2.0-14~x", "amd64", 2_000_000);

  @Test
  void itIsValidByTheFormatsOwnSchema() throws Exception {
    byte[] bytes = Sbom.encode("debian:12", BOOKWORM, List.of(BASH, LIBSTDCPP));

    assertThat(new JsonParser().validate(bytes, Version.VERSION_16)).isEmpty();
    Bom read = new JsonParser().parse(bytes);
    assertThat(read.getMetadata().getComponent().getType())
        .isEqualTo(Component.Type.OPERATING_SYSTEM);
    assertThat(read.getMetadata().getComponent().getName()).isEqualTo("debian:12");
    assertThat(read.getComponents())
        .extracting(Component::getPurl)
        .containsExactly(
            "pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64&distro=bookworm",
            "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14~x?arch=amd64&distro=bookworm");
  }

  @Test
  void whatWasWrittenIsReadBack() throws Exception {
    InstalledPackage unsized = new InstalledPackage("apk", "musl", "1.2.5-r0", "", 0);

    assertThat(Sbom.decode(Sbom.encode("x", BOOKWORM, List.of(BASH, LIBSTDCPP, unsized))))
        .containsExactly(BASH, LIBSTDCPP, unsized);
    assertThatThrownBy(() -> Sbom.decode("{".getBytes(UTF_8))).isInstanceOf(BuildException.class);
  }

  @Test
  void theSchemaTestCanFail() throws Exception {
    byte[] bytes =
        new String(Sbom.encode("debian:12", BOOKWORM, List.of(BASH)), UTF_8)
            .replace("\"library\"", "\"brick\"")
            .getBytes(UTF_8);

    assertThat(new JsonParser().validate(bytes, Version.VERSION_16)).isNotEmpty();
  }

  @Test
  void theSamePackagesMakeTheSameBytesInWhateverOrderAndHoweverOften() {
    byte[] one = Sbom.encode("debian:12", BOOKWORM, List.of(BASH, LIBSTDCPP));
    byte[] other = Sbom.encode("debian:12", BOOKWORM, List.of(LIBSTDCPP, BASH, BASH));

    assertThat(other).isEqualTo(one);
  }

  @Test
  void anImageThatDoesNotSayWhatItIsHasPackagesOfTheirFormatsOwner() throws Exception {
    InstalledPackage musl = new InstalledPackage("apk", "musl", "1.2.5-r0", "x86_64", 1);

    assertThat(Sbom.packageUrl(musl, Distribution.UNKNOWN))
        .isEqualTo("pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64");
    assertThat(
            new JsonParser()
                .validate(
                    Sbom.encode("x", Distribution.UNKNOWN, List.of(musl)), Version.VERSION_16))
        .isEmpty();
  }

  @Test
  void hostileNamesAreEscaped() throws Exception {
    InstalledPackage hostile = new InstalledPackage("deb", "a/../b?c=d\"e\u00e4", "1%2F", "x&y", 0);

    assertThat(Sbom.packageUrl(hostile, BOOKWORM))
        .isEqualTo("pkg:deb/debian/a%2F..%2Fb%3Fc%3Dd%22e%C3%A4@1%252F?arch=x%26y&distro=bookworm");
    assertThat(
            new JsonParser()
                .validate(Sbom.encode("x", BOOKWORM, List.of(hostile)), Version.VERSION_16))
        .isEmpty();
  }
}
