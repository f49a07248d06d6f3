package dev.mayfly.client;

import java.io.IOException;

/** Where the bearer token comes from; asked before each call, so that a new token is picked up. */
@FunctionalInterface
public interface TokenSource {

  /**
   * The token, without surrounding white space.
   *
   * @throws IOException when it cannot be read; the message is one line that says what to do
   */
  String token() throws IOException;
}
