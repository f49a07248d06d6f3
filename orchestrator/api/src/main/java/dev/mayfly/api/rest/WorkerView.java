package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A worker as REST shows it.
 *
 * @param state {@code JOINING}, {@code ONLINE}, {@code SILENT}, {@code LOST}, {@code LEFT}
 * @param labels what it can be selected by, sorted
 * @param pool the worker pool it belongs to
 * @param duty {@code ACCEPTING}, {@code DRAINING}, {@code QUARANTINED}: whether it is meant to take
 *     work
 * @param dutyReason why, for people; present only with QUARANTINED
 * @param dutySince RFC 3339, UTC; absent with ACCEPTING
 * @param lastSeenAt RFC 3339, UTC
 * @param used what the attempts placed on it have reserved
 */
public record WorkerView(
    String id,
    String name,
    String state,
    String version,
    String architecture,
    String hostKernel,
    List<String> labels,
    String pool,
    String duty,
    @Nullable String dutyReason,
    @Nullable String dutySince,
    ShapeView capacity,
    ShapeView used,
    List<VmmView> vmms,
    List<String> bundleDigests,
    String lastSeenAt) {

  /** One VMM and accelerator of a worker and whether it really works. */
  public record VmmView(
      String name, String version, String accelerator, boolean usable, String reason) {}
}
