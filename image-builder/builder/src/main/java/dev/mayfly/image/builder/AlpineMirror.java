package dev.mayfly.image.builder;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where Alpine's releases and packages come from.
 *
 * @param base without a slash at its end; below it lie {@code v3.22/releases} and the like
 * @param keyRing OpenPGP keys that must have signed the release; empty: its checksum alone is
 *     checked, and its packages by the keys in it
 */
record AlpineMirror(URI base, Optional<Path> keyRing) {
  /** Alpine's own, which it lists as the first of its mirrors. */
  static final String DEFAULT = "https://dl-cdn.alpinelinux.org/alpine";

  static final String MIRROR_VARIABLE = "MAYFLY_ALPINE_MIRROR";
  static final String KEY_RING_VARIABLE = "MAYFLY_ALPINE_KEYRING";

  /**
   * @param option of the command line; empty: the environment's, or the default
   */
  static AlpineMirror of(Optional<String> option, Map<String, String> environment)
      throws BuildException {
    String configured = option.orElse(environment.getOrDefault(MIRROR_VARIABLE, ""));
    String text = configured.isEmpty() ? DEFAULT : configured;
    String keyRing = environment.getOrDefault(KEY_RING_VARIABLE, "");
    return new AlpineMirror(
        parse(text), keyRing.isEmpty() ? Optional.empty() : Optional.of(Path.of(keyRing)));
  }

  URI resolve(String path) {
    return URI.create(base + "/" + path);
  }

  private static URI parse(String text) throws BuildException {
    try {
      URI uri = new URI(text.replaceFirst("/+$", ""));
      String scheme = uri.getScheme() == null ? "" : uri.getScheme();
      if (!scheme.matches("https?")
          || uri.getHost() == null
          || uri.getRawUserInfo() != null
          || uri.getRawQuery() != null
          || uri.getRawFragment() != null) {
        throw new BuildException(
            "the Alpine mirror is not an http or https address without user, query and fragment");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw new BuildException("the Alpine mirror is not an address: " + e.getReason(), e);
    }
  }
}
