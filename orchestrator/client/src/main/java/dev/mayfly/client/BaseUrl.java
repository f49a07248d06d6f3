package dev.mayfly.client;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Where the orchestrator is: https, or http on this machine's loopback. Plain http elsewhere is
 * refused, because the token would cross the network in the clear.
 *
 * @param value without a slash at the end
 * @param loopback whether it names this machine
 */
public record BaseUrl(String value, boolean loopback) {
  public static final BaseUrl DEFAULT = new BaseUrl("http://127.0.0.1:8420", true);

  // Literals only: what a name resolves to is the resolver's word, not ours.
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]|\\[0:0:0:0:0:0:0:1]");

  /**
   * Reads a URL such as {@code https://mayfly.example.org} or {@code http://127.0.0.1:8420}.
   *
   * @throws IllegalArgumentException when it is not such a URL; the message says what to do
   */
  public static BaseUrl parse(String text) {
    URI uri;
    try {
      uri = new URI(text.strip());
    } catch (URISyntaxException invalid) {
      throw new IllegalArgumentException("the orchestrator's URL is not a URL: " + text, invalid);
    }
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    String host = uri.getHost();
    if (host == null || !(scheme.equals("http") || scheme.equals("https"))) {
      throw new IllegalArgumentException(
          "the orchestrator's URL must begin with https:// or http://: " + text);
    }
    if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "the orchestrator's URL must have no user, query or fragment");
    }
    boolean loopback = LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches();
    if (scheme.equals("http") && !loopback) {
      throw new IllegalArgumentException(
          "refused to send the token to "
              + host
              + " over plain http: use https, or a tunnel to a port on 127.0.0.1");
    }
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    while (path.endsWith("/")) {
      path = path.substring(0, path.length() - 1);
    }
    String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    return new BaseUrl(scheme + "://" + host + port + path, loopback);
  }

  @Override
  public String toString() {
    return value;
  }
}
