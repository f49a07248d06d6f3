package dev.mayfly.client.json;

import java.io.IOException;

/** The text is not JSON, exceeds a limit, or is not the JSON that was expected. */
public final class MalformedJson extends IOException {
  private static final long serialVersionUID = 1L;

  public MalformedJson(String message) {
    super(message);
  }
}
