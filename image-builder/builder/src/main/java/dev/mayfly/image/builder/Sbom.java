package dev.mayfly.image.builder;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The list of an image's packages as CycloneDX 1.6 JSON. The same packages make the same bytes:
 * serial number and time, which that format leaves open, are not written.
 */
final class Sbom {
  /** Its name in a bundle. */
  static final String FILE = "sbom.cdx.json";

  /** What a manifest calls it. */
  static final String FORMAT = "cyclonedx-1.6";

  /** A property beside those of the format, named as it asks for. */
  private static final String INSTALLED_BYTES = "mayfly:installedBytes";

  private static final Pattern URL =
      Pattern.compile("pkg:([a-z]+)/[^?]*(?:\\?(?:arch=([^&]*))?.*)?");

  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private Sbom() {}

  /**
   * @param image the image name it is about, for example {@code debian:12}
   * @param packages in any order; the same one twice counts once
   */
  static byte[] encode(
      String image, Distribution distribution, Collection<InstalledPackage> packages) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("bomFormat", "CycloneDX");
    root.put("specVersion", "1.6");
    root.put("version", 1);
    ObjectNode subject = root.putObject("metadata").putObject("component");
    subject.put("type", "operating-system");
    subject.put("bom-ref", "image");
    subject.put("name", image);
    if (!distribution.version().isEmpty()) {
      subject.put("version", distribution.version());
    }
    ArrayNode components = root.putArray("components");
    SortedSet<InstalledPackage> sorted = new TreeSet<>(InstalledPackage.ORDER);
    sorted.addAll(packages);
    SortedSet<String> urls = new TreeSet<>();
    for (InstalledPackage installed : sorted) {
      String url = packageUrl(installed, distribution);
      // A bom-ref names one component only.
      if (urls.add(url)) {
        ObjectNode component =
            components
                .addObject()
                .put("type", "library")
                .put("bom-ref", url)
                .put("name", installed.name())
                .put("version", installed.version())
                .put("purl", url);
        if (installed.installedBytes() > 0) {
          component
              .putArray("properties")
              .addObject()
              .put("name", INSTALLED_BYTES)
              .put("value", Long.toString(installed.installedBytes()));
        }
      }
    }
    return MAPPER.writeValueAsBytes(root);
  }

  /** The packages of a document that {@link #encode} has written; their sizes are 0 if unknown. */
  static List<InstalledPackage> decode(byte[] document) throws BuildException {
    List<InstalledPackage> packages = new ArrayList<>();
    try {
      for (JsonNode component : MAPPER.readTree(document).path("components")) {
        long bytes = 0;
        for (JsonNode property : component.path("properties")) {
          if (property.path("name").asString("").equals(INSTALLED_BYTES)) {
            bytes = Long.parseLong(property.path("value").asString("0"));
          }
        }
        String url = component.path("purl").asString("");
        Matcher parts = URL.matcher(url);
        packages.add(
            new InstalledPackage(
                parts.matches() ? parts.group(1) : "",
                component.path("name").asString(""),
                component.path("version").asString(""),
                parts.matches() && parts.group(2) != null ? parts.group(2) : "",
                bytes));
      }
    } catch (JacksonException | NumberFormatException e) {
      throw new BuildException("the bundle's list of packages cannot be read", e);
    }
    return packages;
  }

  /** As the package URL specification has it: {@code pkg:deb/debian/bash@5.2?arch=amd64}. */
  static String packageUrl(InstalledPackage installed, Distribution distribution) {
    StringBuilder url = new StringBuilder("pkg:").append(installed.type());
    String vendor = distribution.id().isEmpty() ? vendorOf(installed.type()) : distribution.id();
    url.append('/').append(encoded(vendor));
    url.append('/').append(encoded(installed.name()));
    url.append('@').append(encoded(installed.version()));
    char separator = '?';
    if (!installed.architecture().isEmpty()) {
      url.append(separator).append("arch=").append(encoded(installed.architecture()));
      separator = '&';
    }
    if (!distribution.release().isEmpty()) {
      url.append(separator).append("distro=").append(encoded(distribution.release()));
    }
    return url.toString();
  }

  private static String vendorOf(String type) {
    return type.equals("apk") ? "alpine" : "debian";
  }

  private static String encoded(String text) {
    StringBuilder encoded = new StringBuilder();
    for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
      char character = (char) (octet & 0xff);
      boolean plain =
          (character >= 'a' && character <= 'z')
              || (character >= 'A' && character <= 'Z')
              || (character >= '0' && character <= '9')
              || ".-_~:".indexOf(character) >= 0;
      if (plain) {
        encoded.append(character);
      } else {
        encoded.append('%').append(HEX.toHexDigits(octet));
      }
    }
    return encoded.toString();
  }
}
