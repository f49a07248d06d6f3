package dev.mayfly.api.rest;

import java.util.List;

/**
 * A worker as REST shows it.
 *
 * @param state {@code ONLINE}, {@code SILENT}, {@code LEFT}
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
    ShapeView capacity,
    ShapeView used,
    List<VmmView> vmms,
    List<String> bundleDigests,
    String lastSeenAt) {

  /** One VMM and accelerator of a worker and whether it really works. */
  public record VmmView(
      String name, String version, String accelerator, boolean usable, String reason) {}
}
