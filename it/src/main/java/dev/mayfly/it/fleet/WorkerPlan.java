package dev.mayfly.it.fleet;

import dev.mayfly.api.Shape;

/**
 * A worker to be started.
 *
 * @param name also the last label of its jobs: {@code host=NAME}
 * @param loopback runs {@link LoopbackVmm} instead of QEMU
 * @param offer what it offers to microVMs in all
 */
public record WorkerPlan(String name, boolean loopback, Shape offer) {

  /** Jobs that want one kind of VMM select by this label. */
  public String label() {
    return loopback ? "loopback" : "qemu";
  }
}
