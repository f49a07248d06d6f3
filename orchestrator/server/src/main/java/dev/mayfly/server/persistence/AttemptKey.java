package dev.mayfly.server.persistence;

import dev.mayfly.api.AttemptId;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import java.io.Serializable;
import java.util.UUID;

/** Primary key of {@code attempt}. */
@Embeddable
record AttemptKey(@Column(name = "job_id") UUID jobId, @Column(name = "number") int number)
    implements Serializable {
  static AttemptKey of(AttemptId id) {
    return new AttemptKey(id.job().value(), id.number());
  }
}
