package dev.mayfly.cli;

import java.io.InputStream;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a command gets from its process.
 *
 * @param environment the caller's environment
 * @param properties system properties by name
 * @param input standard input
 */
record Surroundings(
    Map<String, String> environment,
    UnaryOperator<@Nullable String> properties,
    InputStream input,
    Output output,
    Signals signals) {

  /** A setting: the system property {@code mayfly.x.y}, else the variable {@code MAYFLY_X_Y}. */
  @Nullable String setting(String property, String variable) {
    String value = properties.apply(property);
    if (value == null) {
      value = environment.get(variable);
    }
    return value == null || value.isBlank() ? null : value;
  }

  boolean debug() {
    return "1".equals(setting("mayfly.debug", "MAYFLY_DEBUG"));
  }
}
