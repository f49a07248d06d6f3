package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.worker.core.attempt.OutcomePolicy.Stage;
import dev.mayfly.worker.core.bundle.BundlePaths.Guest;
import dev.mayfly.worker.core.console.ConsoleSession;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestHello.SetupState;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.undo.Undo;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVm;
import dev.mayfly.worker.core.vm.MicroVmEvent;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.io.IOException;
import java.time.Duration;

/** The steps from the journal of an earlier worker process to its guest. */
final class Adoption implements GuestSource {
  private final BundleDigest bundle;
  private final AttemptHost host;
  private final MicroVm microVm;
  private final VmmIdentity vmm;
  private final Undo undo;

  /**
   * @param bundle the guest runs from it
   */
  Adoption(BundleDigest bundle, AttemptHost host, MicroVm microVm, VmmIdentity vmm, Undo undo) {
    this.bundle = bundle;
    this.host = host;
    this.microVm = microVm;
    this.vmm = vmm;
    this.undo = undo;
  }

  @Override
  public Duration limit() {
    return host.limits().listen().plus(host.limits().answer());
  }

  @Override
  public LiveGuest acquire() throws AttemptFault, InterruptedException {
    var use = host.bundles().hold(bundle);
    use.ifPresent(held -> undo.push("bundle", held::close));
    boolean console = use.filter(held -> held.paths().guest() == Guest.CONSOLE).isPresent();
    var directory = host.files().directory(microVm.name());
    undo.push("directory", () -> host.files().removeDirectory(directory));
    RunningMicroVm vm;
    try {
      vm = host.hypervisor().adopt(microVm.name(), directory, vmm);
    } catch (HypervisorException gone) {
      throw new AttemptFault(
          FaultCode.VMM_DIED,
          "the microVM ended while the worker was restarted: " + gone.getMessage(),
          gone);
    }
    undo.push("microVM", vm::destroy);
    var session = console ? openConsole(vm) : open(vm);
    undo.push("session", session::close);
    if (session.hello().setupState() != SetupState.DONE) {
      throw new AttemptFault(
          FaultCode.GUEST_PROTOCOL, "the guest says that it was never set up", null);
    }
    microVm.advance(MicroVmEvent.ADOPTED);
    return new LiveGuest(vm, session, console, true);
  }

  private GuestSession openConsole(RunningMicroVm vm) throws AttemptFault, InterruptedException {
    try {
      var channel = vm.connectConsole(host.limits().listen());
      undo.push("channel", channel::close);
      return new ConsoleSession(vm, channel, true);
    } catch (IOException failure) {
      throw unreachable(failure);
    }
  }

  private static AttemptFault unreachable(IOException failure) {
    return new AttemptFault(
        FaultCode.VMM_DIED,
        "the VMM could not be reached after the worker was restarted: " + failure.getMessage(),
        failure);
  }

  private GuestSession open(RunningMicroVm vm) throws AttemptFault, InterruptedException {
    var limit = host.limits().answer();
    try {
      var channel = vm.connect(host.limits().listen());
      undo.push("channel", channel::close);
      return host.sessions().open(channel, true, limit);
    } catch (IOException failure) {
      throw unreachable(failure);
    } catch (GuestException failure) {
      throw OutcomePolicy.notStarted(Stage.ADOPT, failure, limit, vm.diagnostics(), vm.console());
    }
  }
}
