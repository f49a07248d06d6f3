package dev.mayfly.server.persistence;

import java.time.Instant;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Hashes of access tokens in the table {@code access_token}. Thread-safe. */
public class TokenStore {
  private final JdbcClient sql;

  TokenStore(JdbcClient sql) {
    this.sql = sql;
  }

  /** Adds a hash unless it is there. Idempotent. */
  public void add(byte[] hash, String purpose, Instant at) {
    sql.sql(
            "insert into access_token (hash, purpose, created_at) values (:hash, :purpose, :at)"
                + " on conflict do nothing")
        .param("hash", hash)
        .param("purpose", purpose)
        .param("at", Sql.timestamp(at))
        .update();
  }

  public List<byte[]> hashes(String purpose) {
    return sql.sql("select hash from access_token where purpose = :purpose")
        .param("purpose", purpose)
        .query((row, _) -> row.getBytes(1))
        .list();
  }
}
