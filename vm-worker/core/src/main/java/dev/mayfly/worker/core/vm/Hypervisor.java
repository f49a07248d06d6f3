package dev.mayfly.worker.core.vm;

import java.nio.file.Path;

/**
 * Port to one VMM with one accelerator: boots and kills microVMs. Thread-safe; each call may block
 * for as long as starting a process takes (not for the guest's boot).
 */
public interface Hypervisor {

  /** Which VMM and accelerator this is, for people and for the orchestrator. */
  Identity identity();

  /**
   * Starts a microVM and returns as soon as its process runs; the guest still boots. Everything it
   * makes lies in {@link MicroVmSpec#directory()}. When it throws, nothing of it is left.
   *
   * @throws HypervisorException when the process could not be started; the message is fit for
   *     people
   */
  RunningMicroVm boot(MicroVmSpec spec) throws HypervisorException, InterruptedException;

  /**
   * Takes up a microVM that an earlier process of this worker booted; it goes on undisturbed, also
   * when this throws. Idempotent.
   *
   * @param name as in {@link MicroVmSpec#name()}
   * @param directory as in {@link MicroVmSpec#directory()}
   * @param vmm as its {@link RunningMicroVm#identity()} was
   * @throws HypervisorException when this VMM does not run any more
   */
  RunningMicroVm adopt(String name, Path directory, VmmIdentity vmm) throws HypervisorException;

  /**
   * @param name of the VMM, for example {@code qemu}
   * @param version as the VMM itself says
   * @param accelerator {@code kvm}, {@code tcg} or {@code none} (simulated)
   */
  record Identity(String name, String version, String accelerator) {
    @Override
    public String toString() {
      return name + " " + version + " " + accelerator;
    }
  }
}
