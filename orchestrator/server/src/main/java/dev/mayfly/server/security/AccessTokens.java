package dev.mayfly.server.security;

import dev.mayfly.server.persistence.TokenStore;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Knows which tokens open what. Only SHA-256 hashes are kept, here and in the database; a token is
 * 256 random bits, so that a fast hash is enough. Thread-safe.
 */
public class AccessTokens {

  /** What a token is for. */
  public enum Purpose {
    /** REST. */
    API("mfa_"),
    /** The worker link. */
    WORKER("mfw_");

    private final String prefix;

    Purpose(String prefix) {
      this.prefix = prefix;
    }

    String prefix() {
      return prefix;
    }
  }

  /** Longer than any token of ours; nothing longer is hashed. */
  private static final int MAX_TOKEN_LENGTH = 256;

  /** Another orchestrator may add tokens; a flood of wrong ones reads the database no oftener. */
  private static final Duration RELOAD_INTERVAL = Duration.ofSeconds(5);

  private static final String SCHEME = "bearer ";

  private final TokenStore store;
  private final InstantSource clock;
  private final Map<Purpose, List<byte[]>> hashes = new EnumMap<>(Purpose.class);
  private Instant loadedAt = Instant.EPOCH;

  AccessTokens(TokenStore store, InstantSource clock) {
    this.store = store;
    this.clock = clock;
  }

  /** Lets a token open what it is for. Idempotent. */
  void add(String token, Purpose purpose) {
    store.add(hash(token), purpose.name(), clock.instant());
    load();
  }

  /** Whether an {@code Authorization} value carries a token for the purpose. */
  public boolean opens(String authorization, Purpose purpose) {
    if (authorization.length() > MAX_TOKEN_LENGTH
        || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return false;
    }
    byte[] hash = hash(authorization.substring(SCHEME.length()).strip());
    return known(hash, purpose) || (reloaded() && known(hash, purpose));
  }

  private synchronized boolean known(byte[] hash, Purpose purpose) {
    boolean found = false;
    for (byte[] valid : hashes.getOrDefault(purpose, List.of())) {
      // No early end: how long it takes says nothing about which token was close.
      found |= MessageDigest.isEqual(valid, hash);
    }
    return found;
  }

  private synchronized boolean reloaded() {
    if (clock.instant().isBefore(loadedAt.plus(RELOAD_INTERVAL))) {
      return false;
    }
    load();
    return true;
  }

  private synchronized void load() {
    for (Purpose purpose : Purpose.values()) {
      hashes.put(purpose, new ArrayList<>(store.hashes(purpose.name())));
    }
    loadedAt = clock.instant();
  }

  private static byte[] hash(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-256", impossible);
    }
  }
}
