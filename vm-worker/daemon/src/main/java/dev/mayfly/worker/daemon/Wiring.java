package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.daemon.config.OrchestratorAddress;
import dev.mayfly.worker.daemon.config.WorkerConfig;
import dev.mayfly.worker.daemon.files.DiskMicroVmFiles;
import dev.mayfly.worker.daemon.files.HostCommand;
import dev.mayfly.worker.daemon.journal.FileAttemptJournals;
import dev.mayfly.worker.daemon.link.BlobFetcher;
import dev.mayfly.worker.daemon.link.LinkPorts;
import dev.mayfly.worker.daemon.link.Nudge;
import dev.mayfly.worker.daemon.link.Orchestrators;
import dev.mayfly.worker.daemon.link.PlaintextLoopbackDialler;
import dev.mayfly.worker.daemon.link.Registration;
import dev.mayfly.worker.daemon.link.VmmFact;
import dev.mayfly.worker.daemon.spool.FileLogSpool;
import dev.mayfly.worker.hypervisor.qemu.VmProcesses;
import dev.mayfly.worker.linux.HostFacts;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the worker together from its settings and this host. */
final class Wiring implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Wiring.class);

  /** Where a host's programs are looked for when the environment does not say. */
  private static final String DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

  private final SystemTimers timers;
  private final List<PlaintextLoopbackDialler> diallers;
  private final Orchestrators orchestrators;
  private final WorkerProcess process;

  private Wiring(
      SystemTimers timers,
      List<PlaintextLoopbackDialler> diallers,
      Orchestrators orchestrators,
      WorkerProcess process) {
    this.timers = timers;
    this.diallers = diallers;
    this.orchestrators = orchestrators;
    this.process = process;
  }

  WorkerProcess process() {
    return process;
  }

  /**
   * Removes what an earlier run left, looks at this host, and puts a worker together that has not
   * started.
   *
   * @param tell told in one line when the orchestrator has taken the worker
   * @throws IOException when something needed is missing; the message is fit for people
   */
  static Wiring wire(WorkerConfig config, WorkerHome home, Consumer<String> tell)
      throws IOException, InterruptedException {
    var directory = home.directory();
    var files = DiskMicroVmFiles.open(directory, searchPath());
    var journals = FileAttemptJournals.open(directory.resolve("journal"), HostFacts.bootId());
    var spoolDirectory = directory.resolve("spool");
    var leftovers = new DiskLeftovers(files, new VmProcesses(), spoolDirectory, journals);
    WorkerProcess.cleanUp(leftovers, journals);
    var timers = new SystemTimers();
    var nudge = new Nudge();
    var token = new TokenFile(config.tokenFile());
    var filesDialler = new PlaintextLoopbackDialler(config.orchestrators());
    var orchestrators = new Orchestrators(filesDialler, token, config.orchestrators().size());
    var bundles = ImageWiring.cache(config, new BlobFetcher(orchestrators, timers), nudge::give);
    bundles.refresh();
    var random = new SecureRandom();
    var sessions = new FramedGuestSessions(random);
    var choice = new VmmSelection(config, bundles, sessions, directory.resolve("probe")).select();
    var hypervisor =
        choice
            .hypervisor()
            .orElseThrow(() -> new IOException("no VMM works here: " + reasons(choice.facts())));
    var registration =
        new Registration(
            home.id(),
            config.name(),
            version(),
            HostFacts.architecture(),
            config.capacity(),
            choice.facts(),
            HostFacts.kernelRelease(),
            config.labels(),
            config.pool());
    var spool = FileLogSpool.open(spoolDirectory, InstantSource.system(), journals::leases);
    var builds = ImageWiring.builds(config, bundles, orchestrators, timers, nudge::give);
    var dialler = new PlaintextLoopbackDialler(config.orchestrators());
    var process =
        new WorkerProcess(
            new WorkerProcess.Parts(
                registration,
                hypervisor,
                sessions,
                files,
                leftovers,
                new HostImages(bundles, builds, nudge::give),
                spool,
                journals,
                timers,
                dialler,
                token,
                new LinuxReadings(directory),
                new Teller(config, hypervisor, tell),
                random,
                config.onStop(),
                nudge));
    return new Wiring(timers, List.of(dialler, filesDialler), orchestrators, process);
  }

  /** Looks at this host without running a worker; works beside one that runs. */
  static HostReport inspect(WorkerConfig config) throws IOException, InterruptedException {
    WorkerHome.make(config.workerDirectory());
    var bundles = ImageWiring.inspected(config);
    bundles.refresh();
    var sessions = new FramedGuestSessions(new SecureRandom());
    var probeDirectory = config.workerDirectory().resolve("probe-doctor");
    var choice = new VmmSelection(config, bundles, sessions, probeDirectory).select();
    var readings = new LinuxReadings(config.home());
    var missing = new ArrayList<String>();
    if (choice.hypervisor().isEmpty()) {
      missing.add("no VMM works here: " + reasons(choice.facts()));
    }
    if (HostCommand.find("mkfs.ext4", searchPath()).isEmpty()) {
      missing.add("mkfs.ext4 is not installed: install the Debian package e2fsprogs");
    }
    if (bundles.ready().isEmpty()) {
      missing.add("there is no image that can be booted: run mayfly image build debian:12");
    }
    ImageWiring.missing(config).ifPresent(missing::add);
    return new HostReport(
        HostFacts.kernelRelease(),
        HostFacts.architecture(),
        choice.hypervisor().map(found -> found.identity().accelerator()).orElse(""),
        choice.facts(),
        readings.freeMemoryMib(),
        readings.freeScratchMib(),
        bundles.describe(),
        ImageWiring.describe(config),
        missing);
  }

  private static String searchPath() {
    return Optional.ofNullable(System.getenv("PATH")).orElse(DEFAULT_PATH);
  }

  private static String version() {
    return Optional.ofNullable(Wiring.class.getPackage().getImplementationVersion())
        .orElse("development");
  }

  private static String reasons(List<VmmFact> facts) {
    return String.join(
        "; ",
        facts.stream()
            .filter(fact -> !fact.usable())
            .map(fact -> fact.name() + " with " + fact.accelerator() + ": " + fact.reason())
            .toList());
  }

  /** Releases threads; the worker process must have been stopped. Idempotent. */
  @Override
  public void close() {
    timers.close();
    orchestrators.close();
    diallers.forEach(PlaintextLoopbackDialler::close);
  }

  /** Tells people about the link: the first registration on standard output, all in the log. */
  private static final class Teller implements LinkPorts.LinkListener {
    private final WorkerConfig config;
    private final Hypervisor hypervisor;
    private final Consumer<String> tell;
    private boolean told;

    Teller(WorkerConfig config, Hypervisor hypervisor, Consumer<String> tell) {
      this.config = config;
      this.hypervisor = hypervisor;
      this.tell = tell;
    }

    @Override
    public void registered() {
      log.atInfo().addKeyValue("worker", config.name()).log("Worker was registered");
      if (!told) {
        told = true;
        tell.accept(
            "mayfly worker "
                + config.name()
                + " registered with "
                + config.orchestrators().stream()
                    .map(OrchestratorAddress::toString)
                    .collect(Collectors.joining(" or "))
                + ", "
                + hypervisor.identity()
                + ", "
                + config.capacity().cpus()
                + " CPUs, "
                + config.capacity().memoryMib()
                + " MiB memory, "
                + config.capacity().scratchMib()
                + " MiB scratch");
      }
    }

    @Override
    public void lost(String reason, boolean first) {
      if (first) {
        log.atWarn().addKeyValue("reason", reason).log("Orchestrator was not reached; dialling on");
      } else {
        log.atDebug().addKeyValue("reason", reason).log("Orchestrator was not reached again");
      }
    }
  }
}
