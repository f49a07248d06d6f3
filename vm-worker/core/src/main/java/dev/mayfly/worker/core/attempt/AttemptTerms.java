package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.time.Duration;

/**
 * What of an assignment holds for the whole attempt and may lie on this worker's disk: no command,
 * no environment, no secrets.
 *
 * @param image the name the user asked for; for people
 * @param timeout of a batch from the start of its command, of a session from the guest being set up
 * @param idleLimit of a session: how long no exec may be open; zero: without limit
 * @param logLimitBytes of stdout and stderr in all
 * @param assignmentNeeded a worker that takes the attempt up again cannot go on without what is not
 *     here: it has secrets, or is a session
 * @param assignedAt when the assignment came, on the monotonic clock
 * @param leaseFor how long a lease is ours unless it is renewed
 */
public record AttemptTerms(
    AttemptLease lease,
    BundleDigest bundle,
    String image,
    Shape shape,
    Duration timeout,
    boolean session,
    Duration idleLimit,
    long logLimitBytes,
    boolean assignmentNeeded,
    long assignedAt,
    Duration leaseFor) {

  /** The terms of an assignment. */
  static AttemptTerms of(AttemptSpec spec, Duration leaseFor) {
    return new AttemptTerms(
        spec.lease(),
        spec.bundle(),
        spec.image(),
        spec.shape(),
        spec.timeout(),
        spec.session(),
        spec.idleLimit(),
        spec.logLimitBytes(),
        spec.session() || !spec.secrets().isEmpty(),
        spec.assignedAt(),
        leaseFor);
  }
}
