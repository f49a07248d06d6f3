package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Phase;
import dev.mayfly.worker.core.attempt.OutcomePolicy.Stage;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundlePaths;
import dev.mayfly.worker.core.bundle.BundlePaths.Guest;
import dev.mayfly.worker.core.bundle.BundleUse;
import dev.mayfly.worker.core.console.ConsoleSession;
import dev.mayfly.worker.core.exec.ExecDefaults;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSetup;
import dev.mayfly.worker.core.undo.Undo;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVm;
import dev.mayfly.worker.core.vm.MicroVmEvent;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The steps from an assignment to its guest. Every step blocks and can be interrupted; what a step
 * acquired is on the {@link Undo} before the next one begins.
 */
final class Preparation implements GuestSource {
  /** What a guest is given to seed its generator with; the kernel's pool holds 32 bytes. */
  private static final int ENTROPY_BYTES = 64;

  /**
   * A guest that heard of no worker for this long powers off: longer than a worker needs to start
   * again, shorter than anybody wants an ownerless guest. {@link GuestWatch} pings more often.
   */
  static final Duration ORPHAN_LIMIT = Duration.ofMinutes(2);

  /** For the steps that have no limit of their own: reading and copying files. */
  static final Duration FILES_LIMIT = Duration.ofMinutes(5);

  /** How much longer than everything it is for a VMM may live before its own limit ends it. */
  private static final Duration LIFETIME_MARGIN = Duration.ofMinutes(2);

  private static final String ROOT_SERIAL = "root";
  private static final String SCRATCH_SERIAL = "scratch";
  private static final String SCRATCH_FILE_SYSTEM = "ext4";

  private final AttemptSpec spec;
  private final AttemptHost host;
  private final MicroVm microVm;
  private final PhaseLog phases;
  private final JobLines lines;
  private final Undo undo;

  Preparation(
      AttemptSpec spec,
      AttemptHost host,
      MicroVm microVm,
      PhaseLog phases,
      JobLines lines,
      Undo undo) {
    this.spec = spec;
    this.host = host;
    this.microVm = microVm;
    this.phases = phases;
    this.lines = lines;
    this.undo = undo;
  }

  @Override
  public Duration limit() {
    return host.bundles().pullLimit().plus(FILES_LIMIT).plus(host.limits().total());
  }

  @Override
  public LiveGuest acquire() throws AttemptFault, InterruptedException {
    spec.preface().forEach(lines::tell);
    var use = bundle();
    undo.push("bundle", use::close);
    var bundle = use.paths();
    requireCommand(bundle);
    var directory = makeDirectory();
    undo.push("directory", () -> host.files().removeDirectory(directory));
    var scratch = makeScratch(directory);
    undo.push("scratch", () -> host.files().removeScratch(scratch));
    phases.reach(Phase.PREPARED);

    var vm = boot(bundle, directory, scratch);
    undo.push("microVM", vm::destroy);
    microVm.advance(MicroVmEvent.BOOTED);
    phases.reach(Phase.BOOTED);

    boolean console = bundle.guest() == Guest.CONSOLE;
    var channel = connect(vm, console);
    undo.push("channel", channel::close);
    var session = console ? new ConsoleSession(vm, channel, false) : open(vm, channel);
    undo.push("session", session::close);
    microVm.advance(MicroVmEvent.ANSWERED);
    microVm.advance(MicroVmEvent.CLAIMED);
    setUp(vm, session, bundle);
    phases.reach(Phase.READY);
    return new LiveGuest(vm, session, console, false);
  }

  private BundleUse bundle() throws AttemptFault, InterruptedException {
    var told = new PullLines(spec.image(), host.timers()::nanoTime, lines::tell);
    try {
      return host.bundles().acquire(spec.bundle(), told);
    } catch (BundleFailure failure) {
      var code =
          switch (failure.kind()) {
            case ABSENT -> FaultCode.BUNDLE_ABSENT;
            case PULL_FAILED -> FaultCode.BUNDLE_PULL_FAILED;
            case UNTRUSTED -> FaultCode.BUNDLE_UNTRUSTED;
            case BROKEN -> FaultCode.BUNDLE_BROKEN;
          };
      throw new AttemptFault(code, String.valueOf(failure.getMessage()), failure);
    }
  }

  /** Before anything is made for a job that this image cannot run. */
  private void requireCommand(BundlePaths bundle) throws AttemptFault {
    boolean given = spec.session() || !spec.command().isEmpty();
    var problem =
        switch (bundle.guest()) {
          case CONSOLE ->
              given
                  ? "has no agent, so nothing can be run in it: submit a batch without a command, and"
                      + " its console is the output"
                  : "";
          case AGENT ->
              !given && bundle.defaults().commandLine().isEmpty()
                  ? "names no entrypoint and no command: say what to run"
                  : "";
        };
    if (!problem.isEmpty()) {
      throw new AttemptFault(
          FaultCode.COMMAND_NOT_STARTED, "this image (" + spec.image() + ") " + problem, null);
    }
  }

  private Path makeDirectory() throws AttemptFault {
    try {
      return host.files().createDirectory(microVm.name());
    } catch (IOException failure) {
      throw new AttemptFault(
          FaultCode.BOOT_FAILED,
          "the directory of the microVM could not be made: " + failure.getMessage(),
          failure);
    }
  }

  private Path makeScratch(Path directory) throws AttemptFault, InterruptedException {
    try {
      return host.files().createScratch(directory, spec.shape().scratchMib());
    } catch (IOException failure) {
      throw new AttemptFault(
          FaultCode.BOOT_FAILED,
          "the scratch disk could not be made: " + failure.getMessage(),
          failure);
    }
  }

  private RunningMicroVm boot(BundlePaths bundle, Path directory, Path scratch)
      throws AttemptFault, InterruptedException {
    var lifetime =
        host.limits()
            .total()
            .plus(spec.timeout())
            .plus(EndPolicy.TIMEOUT_GRACE)
            .plus(LIFETIME_MARGIN);
    try {
      return host.hypervisor()
          .boot(
              new MicroVmSpec(
                  microVm.name(),
                  directory,
                  bundle.kernel(),
                  bundle.initramfs(),
                  bundle.rootfs(),
                  Optional.of(scratch),
                  spec.shape(),
                  spec.network(),
                  bundle.needsAcpi(),
                  bundle.kernelArguments(),
                  switch (bundle.guest()) {
                    case AGENT -> MicroVmSpec.Console.KERNEL;
                    case CONSOLE -> MicroVmSpec.Console.OUTPUT;
                  },
                  lifetime));
    } catch (HypervisorException failure) {
      throw new AttemptFault(
          FaultCode.BOOT_FAILED,
          "the microVM could not be started: " + failure.getMessage(),
          failure);
    }
  }

  private GuestChannel connect(RunningMicroVm vm, boolean console)
      throws AttemptFault, InterruptedException {
    var limit = host.limits().listen();
    try {
      return console ? vm.connectConsole(limit) : vm.connect(limit);
    } catch (IOException failure) {
      throw new AttemptFault(
          FaultCode.BOOT_FAILED,
          OutcomePolicy.withDiagnostics(
              "the VMM could not be reached: " + failure.getMessage(), vm.diagnostics()),
          failure);
    }
  }

  private GuestSession open(RunningMicroVm vm, GuestChannel channel)
      throws AttemptFault, InterruptedException {
    var limit = host.limits().answer();
    try {
      return host.sessions().open(channel, false, limit);
    } catch (GuestException failure) {
      throw OutcomePolicy.notStarted(Stage.ANSWER, failure, limit, vm.diagnostics(), vm.console());
    }
  }

  private void setUp(RunningMicroVm vm, GuestSession session, BundlePaths bundle)
      throws AttemptFault, InterruptedException {
    var entropy = new byte[ENTROPY_BYTES];
    host.random().nextBytes(entropy);
    var machineId = new byte[16];
    host.random().nextBytes(machineId);
    var setup =
        new GuestSetup(
            host.wallClock().instant(),
            entropy,
            "mayfly-" + microVm.name().replace('.', '-'),
            HexFormat.of().formatHex(machineId),
            bundle.rootfs().isPresent() ? ROOT_SERIAL : "",
            bundle.rootFileSystem(),
            SCRATCH_SERIAL,
            SCRATCH_FILE_SYSTEM,
            switch (spec.network()) {
              case NetworkMode.USER -> GuestSetup.Network.USER_MODE;
              case NetworkMode.NONE -> GuestSetup.Network.NONE;
            },
            ORPHAN_LIMIT);
    var limit = host.limits().setup();
    try {
      session.setup(setup, limit);
    } catch (GuestException failure) {
      throw OutcomePolicy.notStarted(Stage.SETUP, failure, limit, vm.diagnostics(), vm.console());
    }
  }

  /** What holds for all execs: what the image says, and over it the assignment. */
  static ExecDefaults defaults(Optional<BundlePaths> bundle, Optional<AttemptSpec> spec) {
    var images =
        bundle
            .map(BundlePaths::defaults)
            .map(image ->
                new ExecDefaults(image.environment(), image.workingDirectory(), image.user()))
            .orElse(new ExecDefaults(List.of(), "", ""));
    return spec.map(assignment ->
            images.with(assignment.environment(), assignment.workingDirectory(), assignment.user()))
        .orElse(images);
  }
}
