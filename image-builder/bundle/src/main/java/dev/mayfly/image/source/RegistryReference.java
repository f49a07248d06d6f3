package dev.mayfly.image.source;

import dev.mayfly.image.bundle.Sha256;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Names a manifest in a registry: {@code [registry/]repository[:tag][@sha256:…]}, by the grammar of
 * the OCI distribution specification.
 *
 * @param registry host, with a port where one was given
 * @param repository of slash-separated lower-case parts
 * @param tag empty only where a digest names the manifest
 * @param digest when present, the manifest has this digest or is refused
 */
public record RegistryReference(
    String registry, String repository, Optional<String> tag, Optional<Sha256> digest) {
  /** Where a name without a registry is looked for. */
  public static final String DEFAULT_REGISTRY = "docker.io";

  /** Registry and repository together; the distribution specification's own limit. */
  private static final int MAX_NAME = 255;

  private static final int MAX_PORT = 65_535;
  private static final String DEFAULT_TAG = "latest";
  private static final String DEFAULT_NAMESPACE = "library/";
  private static final Pattern REGISTRY =
      Pattern.compile(
          "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
              + "|\\[[0-9A-Fa-f:]+\\])(?::[0-9]{1,5})?");
  private static final Pattern REPOSITORY =
      Pattern.compile(
          "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

  public RegistryReference {
    if (!REGISTRY.matcher(registry).matches() || port(registry) > MAX_PORT) {
      throw new IllegalArgumentException(
          "the registry is not a host name with an optional port, such as registry.example:5000");
    }
    if (!REPOSITORY.matcher(repository).matches()) {
      throw new IllegalArgumentException(
          "the repository is not made of lower-case letters, digits and single . _ - between them, such as team/tool");
    }
    if (registry.length() + 1 + repository.length() > MAX_NAME) {
      throw new IllegalArgumentException(
          "registry and repository have more than " + MAX_NAME + " characters");
    }
    tag.ifPresent(RegistryReference::requireTag);
    if (tag.isEmpty() && digest.isEmpty()) {
      throw new IllegalArgumentException("there is neither a tag nor a digest");
    }
  }

  /**
   * Reads it as {@code docker pull} does: without a registry it is of {@value #DEFAULT_REGISTRY},
   * and there without a slash of {@code library}; without tag and digest it is {@code latest}.
   *
   * @throws IllegalArgumentException saying which part is wrong
   */
  public static RegistryReference parse(String text) {
    String rest = text;
    Optional<Sha256> digest = Optional.empty();
    int at = rest.indexOf('@');
    if (at >= 0) {
      digest = Optional.of(Sha256.parse(rest.substring(at + 1)));
      rest = rest.substring(0, at);
    }
    Optional<String> tag = Optional.empty();
    int colon = rest.lastIndexOf(':');
    if (colon > rest.lastIndexOf('/')) {
      tag = Optional.of(rest.substring(colon + 1));
      rest = rest.substring(0, colon);
    } else if (digest.isEmpty()) {
      tag = Optional.of(DEFAULT_TAG);
    }
    int slash = rest.indexOf('/');
    String first = slash < 0 ? "" : rest.substring(0, slash);
    boolean named =
        first.contains(".")
            || first.contains(":")
            || first.equals("localhost")
            || !first.equals(first.toLowerCase(Locale.ROOT));
    String registry = named ? first : DEFAULT_REGISTRY;
    String repository = named ? rest.substring(slash + 1) : rest;
    if (registry.equals("index.docker.io")) {
      registry = DEFAULT_REGISTRY;
    }
    if (registry.equals(DEFAULT_REGISTRY) && !repository.contains("/")) {
      repository = DEFAULT_NAMESPACE + repository;
    }
    return new RegistryReference(registry, repository, tag, digest);
  }

  private static int port(String registry) {
    int colon = registry.lastIndexOf(':');
    return colon < 0 || registry.endsWith("]")
        ? 0
        : Integer.parseInt(registry.substring(colon + 1));
  }

  /** Whether nothing that happens in the registry can change what it names. */
  public boolean isPinned() {
    return digest.isPresent();
  }

  /** The same repository, pinned to this manifest. */
  public RegistryReference pinned(Sha256 manifest) {
    return new RegistryReference(registry, repository, tag, Optional.of(manifest));
  }

  /** As people write it: without what {@link #parse} adds itself. */
  public String shortened() {
    String text = toString();
    String library = DEFAULT_REGISTRY + "/" + DEFAULT_NAMESPACE;
    if (text.startsWith(library)) {
      return text.substring(library.length());
    }
    return registry.equals(DEFAULT_REGISTRY) ? text.substring(registry.length() + 1) : text;
  }

  /** With every part that it has. */
  @Override
  public String toString() {
    return registry
        + "/"
        + repository
        + tag.map(present -> ":" + present).orElse("")
        + digest.map(present -> "@" + present).orElse("");
  }

  static void requireTag(String tag) {
    if (!TAG.matcher(tag).matches()) {
      throw new IllegalArgumentException(
          "the tag is not 1 to 128 letters, digits and . _ -, beginning with none of . and -");
    }
  }

  static boolean isTag(String text) {
    return TAG.matcher(text).matches();
  }
}
