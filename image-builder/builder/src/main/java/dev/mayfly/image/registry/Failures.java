package dev.mayfly.image.registry;

import dev.mayfly.image.oci.OciException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import land.oras.exception.OrasException;

/** Says what a registry's refusals and a network's failures mean, and what to do. */
final class Failures {
  private static final int MAX_CHARACTERS = 300;

  private Failures() {}

  /** Of an answer that is none of those hoped for. */
  static OciException of(String registry, String what, int status) {
    return switch (status) {
      case 401, 403 ->
          OciException.wrong(
              registry
                  + " does not let this machine read "
                  + what
                  + " (HTTP "
                  + status
                  + "): the name, or the user or password for it, is wrong; log in with docker login "
                  + registry);
      case 404 -> OciException.wrong(registry + " has no " + what + " (HTTP 404); check the name");
      case 429 ->
          OciException.outside(
              registry + " has had too many requests (HTTP 429); log in, use a mirror, or wait");
      default ->
          OciException.outside(
              registry
                  + " answered HTTP "
                  + status
                  + " when asked for "
                  + what
                  + "; try again later");
    };
  }

  /** Of a request that had no answer to read. */
  static IOException of(String registry, String what, RuntimeException failure) {
    if (failure instanceof OrasException refused && refused.getStatusCode() > 0) {
      return of(registry, what, refused.getStatusCode());
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof OciException known) {
        return known;
      }
    }
    return OciException.outside(
        registry + " cannot be asked for " + what + ": " + reason(registry, failure), failure);
  }

  private static String reason(String registry, Throwable failure) {
    Throwable last = failure;
    boolean connecting = false;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      last = cause;
      connecting |= cause instanceof ConnectException;
      if (cause instanceof SSLException refused) {
        return String.valueOf(refused.getMessage()).toLowerCase(Locale.ROOT).contains("plaintext")
            ? "it speaks plain HTTP; allow that with --insecure-registry " + registry
            : "no trusted TLS connection: " + firstLine(refused);
      }
    }
    if (last instanceof UnknownHostException || last instanceof UnresolvedAddressException) {
      return "its name is not known";
    }
    return connecting ? "it takes no connection" : firstLine(last);
  }

  static String firstLine(Throwable failure) {
    String message = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    String text = failure.getClass().getSimpleName() + ": " + message;
    return text.length() > MAX_CHARACTERS ? text.substring(0, MAX_CHARACTERS) : text;
  }
}
