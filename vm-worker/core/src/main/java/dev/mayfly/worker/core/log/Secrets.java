package dev.mayfly.worker.core.log;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Values that must not appear in a log. Immutable; holds them in memory only, and never prints
 * them.
 *
 * <p>Of a value of several lines each line is a secret as well: programs print such values line by
 * line, or end the lines otherwise.
 */
public final class Secrets {
  /** A shorter value would mask half of what a job prints: of the wire contract. */
  public static final int MIN_BYTES = 4;

  /** A longer one would not fit through a masker, which holds its beginning back. */
  public static final int MAX_BYTES = 65_536;

  /** Of all messages about an attempt together; one message has at most a quarter of it. */
  static final int MAX_COUNT = 1024;

  /** The same in bytes: its automaton takes some 15 MiB at worst. */
  static final int MAX_TOTAL_BYTES = 4 * MAX_BYTES;

  /** None. */
  public static final Secrets NONE = new Secrets(Set.of());

  private final Set<String> values;
  private final SecretAutomaton automaton;

  private Secrets(Set<String> values) {
    this.values = values;
    var patterns = new LinkedHashSet<String>();
    for (var value : values) {
      patterns.add(value);
      value
          .lines()
          .filter(line -> !line.isBlank() && bytes(line).length >= MIN_BYTES)
          .forEach(patterns::add);
    }
    this.automaton = SecretAutomaton.of(patterns.stream().map(Secrets::bytes).toList());
  }

  /**
   * These values.
   *
   * @throws IllegalArgumentException when one is too short or too long, or they are too many; the
   *     message holds none
   */
  public static Secrets of(Collection<String> values) {
    return values.isEmpty() ? NONE : checked(new LinkedHashSet<>(values));
  }

  /**
   * These and others.
   *
   * @throws IllegalArgumentException when that is too many
   */
  public Secrets and(Secrets others) {
    if (values.containsAll(others.values)) {
      return this;
    }
    var all = new LinkedHashSet<>(values);
    all.addAll(others.values);
    return checked(all);
  }

  private static Secrets checked(Set<String> values) {
    if (values.size() > MAX_COUNT) {
      throw new IllegalArgumentException(
          "secrets are " + values.size() + ", must be " + MAX_COUNT + " at most");
    }
    long total = 0;
    for (var value : values) {
      int length = bytes(value).length;
      total += length;
      if (length < MIN_BYTES || length > MAX_BYTES) {
        throw new IllegalArgumentException(
            "a secret has "
                + length
                + " bytes, must have "
                + MIN_BYTES
                + " to "
                + MAX_BYTES
                + ": leave it out, or make it longer");
      }
    }
    if (total > MAX_TOTAL_BYTES) {
      throw new IllegalArgumentException(
          "secrets have " + total + " bytes, must have " + MAX_TOTAL_BYTES + " at most in all");
    }
    return new Secrets(Set.copyOf(values));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  public boolean isEmpty() {
    return values.isEmpty();
  }

  /** A text of our own without them. */
  public String masked(String text) {
    if (isEmpty()) {
      return text;
    }
    var masker = new SecretMasker(this, RawProgress.NONE);
    masker.feed(bytes(text));
    masker.end();
    return new String(masker.take(Integer.MAX_VALUE).data(), StandardCharsets.UTF_8);
  }

  SecretAutomaton automaton() {
    return automaton;
  }

  /** Equal when the values are. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Secrets secrets && secrets.values.equals(values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return "Secrets[" + values.size() + "]";
  }
}
