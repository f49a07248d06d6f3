package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.guest.GuestSessions;
import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.daemon.config.WorkerConfig;
import dev.mayfly.worker.daemon.images.BundleCache;
import dev.mayfly.worker.daemon.link.VmmFact;
import dev.mayfly.worker.hypervisor.qemu.Accelerator;
import dev.mayfly.worker.hypervisor.qemu.KvmProbe;
import dev.mayfly.worker.hypervisor.qemu.QemuHypervisor;
import dev.mayfly.worker.hypervisor.qemu.QemuVersion;
import dev.mayfly.worker.linux.KvmDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out which VMM and accelerator this worker uses. KVM is believed only after a guest has
 * booted on it; the answer is kept, so only the first time takes seconds.
 *
 * @param probeDirectory made and removed for the trial; at most 80 bytes long
 */
record VmmSelection(
    WorkerConfig config, BundleCache bundles, GuestSessions sessions, Path probeDirectory) {
  private static final Logger log = LoggerFactory.getLogger(VmmSelection.class);
  private static final String QEMU = "qemu";
  private static final String KVM = "kvm";
  private static final String TCG = "tcg";

  /** Looks at this host, and boots a guest on KVM where that has to be found out. */
  VmmChoice select() throws InterruptedException {
    QemuVersion version;
    try {
      version = QemuVersion.of(config.qemu());
    } catch (HypervisorException absent) {
      return new VmmChoice(
          Optional.empty(),
          List.of(new VmmFact(QEMU, "", TCG, false, String.valueOf(absent.getMessage()))));
    }
    var facts = new ArrayList<VmmFact>();
    return switch (config.accelerator()) {
      case TCG -> {
        facts.add(
            new VmmFact(
                QEMU, version.text(), KVM, false, "not tried: mayfly.worker.accelerator is tcg"));
        yield new VmmChoice(create(version, Accelerator.TCG, facts), facts);
      }
      case KVM -> new VmmChoice(kvm(version, facts), facts);
      case AUTO -> {
        var kvm = kvm(version, facts);
        var tcg = create(version, Accelerator.TCG, facts);
        yield new VmmChoice(kvm.isPresent() ? kvm : tcg, facts);
      }
    };
  }

  private Optional<Hypervisor> kvm(QemuVersion version, List<VmmFact> facts)
      throws InterruptedException {
    var answer = probe(version);
    if (answer.usable()) {
      try {
        var hypervisor = QemuHypervisor.create(config.qemu(), Accelerator.KVM);
        facts.add(new VmmFact(QEMU, version.text(), KVM, true, answer.reason()));
        return Optional.of(hypervisor);
      } catch (HypervisorException failure) {
        facts.add(
            new VmmFact(QEMU, version.text(), KVM, false, String.valueOf(failure.getMessage())));
        return Optional.empty();
      }
    }
    facts.add(new VmmFact(QEMU, version.text(), KVM, false, answer.reason()));
    return Optional.empty();
  }

  private KvmProbe.Result probe(QemuVersion version) throws InterruptedException {
    var device = KvmDevice.ask(KvmDevice.PATH);
    if (device instanceof KvmDevice.Answer.Absent(var reason)) {
      return new KvmProbe.Result(false, reason);
    }
    var trial = bundles.trialKernel();
    if (trial.isEmpty()) {
      return new KvmProbe.Result(
          false, "the device is there, but there is no image yet to try a guest with");
    }
    try {
      return new KvmProbe(
              sessions, config.workerDirectory().resolve("kvm-probe.json"), Clock.systemUTC())
          .probe(
              device,
              new KvmProbe.Target(
                  version,
                  trial.get().kernel(),
                  trial.get().sha256(),
                  trial.get().initramfs(),
                  trial.get().needsAcpi()),
              () -> QemuHypervisor.create(config.qemu(), Accelerator.KVM),
              probeDirectory);
    } catch (IOException failure) {
      log.atWarn().setCause(failure).log("KVM could not be tried");
      return new KvmProbe.Result(false, "it could not be tried: " + failure.getMessage());
    }
  }

  private Optional<Hypervisor> create(
      QemuVersion version, Accelerator accelerator, List<VmmFact> facts)
      throws InterruptedException {
    try {
      var hypervisor = QemuHypervisor.create(config.qemu(), accelerator);
      facts.add(new VmmFact(QEMU, version.text(), accelerator.word(), true, "software emulation"));
      return Optional.of(hypervisor);
    } catch (HypervisorException failure) {
      facts.add(
          new VmmFact(
              QEMU,
              version.text(),
              accelerator.word(),
              false,
              String.valueOf(failure.getMessage())));
      return Optional.empty();
    }
  }
}
