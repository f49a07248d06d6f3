package dev.mayfly.it.fleet;

import dev.mayfly.api.Shape;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A worker to be started.
 *
 * @param name also the last label of its jobs: {@code host=NAME}
 * @param loopback runs {@link LoopbackVmm} instead of QEMU
 * @param offer what it offers to microVMs in all
 * @param images a directory with verified bundles on its host; absent: it fetches what it needs
 * @param settings further {@code MAYFLY_*} variables
 */
public record WorkerPlan(
    String name,
    boolean loopback,
    Shape offer,
    Optional<Path> images,
    Map<String, String> settings) {

  public WorkerPlan {
    settings = Map.copyOf(settings);
  }

  public WorkerPlan(String name, boolean loopback, Shape offer) {
    this(name, loopback, offer, Optional.empty(), Map.of());
  }

  /** The same with bundles on its host. */
  public WorkerPlan withImages(Path directory) {
    return new WorkerPlan(name, loopback, offer, Optional.of(directory), settings);
  }

  /** The same with one more variable. */
  public WorkerPlan with(String variable, String value) {
    Map<String, String> more = new TreeMap<>(settings);
    more.put(variable, value);
    return new WorkerPlan(name, loopback, offer, images, more);
  }

  /** Jobs that want one kind of VMM select by this label. */
  public String label() {
    return loopback ? "loopback" : "qemu";
  }
}
