package dev.mayfly.worker.hypervisor.qemu;

/** What runs the guest's instructions. */
public enum Accelerator {
  /** The CPU itself, through the host's kernel. */
  KVM("kvm"),
  /** QEMU's emulation: works everywhere, five to ten times slower. */
  TCG("tcg");

  private final String word;

  Accelerator(String word) {
    this.word = word;
  }

  /** As QEMU and our configuration call it. */
  public String word() {
    return word;
  }
}
