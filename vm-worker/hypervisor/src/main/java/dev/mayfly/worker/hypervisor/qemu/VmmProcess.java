package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.linux.ProcessIdentity;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The process of a VMM and how its end is learned. Thread-safe. */
sealed interface VmmProcess {

  ProcessIdentity identity();

  /** As {@link RunningMicroVm#exited()}. */
  CompletableFuture<Integer> exited();

  /** Ends what wraps it, should that outlive it. Idempotent. */
  void killWrapper();

  /**
   * One that this process started.
   *
   * @param supervisor the wrapper, which ends with the VMM's exit code
   */
  record Started(ProcessIdentity identity, Process supervisor, CompletableFuture<Integer> exited)
      implements VmmProcess {

    static Started of(ProcessIdentity identity, Process supervisor) {
      return new Started(identity, supervisor, supervisor.onExit().thenApply(Process::exitValue));
    }

    @Override
    public void killWrapper() {
      supervisor.destroyForcibly();
    }
  }

  /** One that an earlier process of this worker started; its wrapper ends with it. */
  record Adopted(ProcessIdentity identity, CompletableFuture<Integer> exited)
      implements VmmProcess {
    /** Only its parent is told of its end, so we look; a look is one small read. */
    private static final Duration LOOK = Duration.ofMillis(50);

    static Adopted of(ProcessIdentity identity, String name) {
      var exited = new CompletableFuture<Integer>();
      Thread.ofVirtual().name("watch-" + name).start(() -> watch(identity, exited));
      return new Adopted(identity, exited);
    }

    private static void watch(ProcessIdentity identity, CompletableFuture<Integer> exited) {
      try {
        while (identity.isAlive()) {
          Thread.sleep(LOOK);
        }
        exited.complete(RunningMicroVm.UNKNOWN_EXIT);
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts this thread", e);
      }
    }

    @Override
    public void killWrapper() {}
  }
}
