package dev.mayfly.it.simulation;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.it.simulation.GuestProgram.Boot;
import dev.mayfly.worker.core.attempt.MicroVmFiles;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundlePaths;
import dev.mayfly.worker.core.bundle.BundleUse;
import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.core.bundle.PullListener;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSessions;
import dev.mayfly.worker.core.janitor.HostLeftovers;
import dev.mayfly.worker.core.janitor.JanitorPlanner.VmmProcess;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.log.LogSpool;
import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The host as one worker process sees it: every port of the worker's core to its machine. */
final class HostPorts implements Bundles, MicroVmFiles, Hypervisor, GuestSessions, HostLeftovers {
  static final BundleDigest BUNDLE = new BundleDigest("sha256:" + "a".repeat(64));
  private static final Path ROOT = Path.of("/microvms");

  private final SimulatedHost host;
  private final SimulatedProcess process;
  private final World world;

  HostPorts(SimulatedHost host, SimulatedProcess process, World world) {
    this.host = host;
    this.process = process;
    this.world = world;
  }

  @Override
  public Optional<BundlePaths> find(BundleDigest digest) {
    return digest.equals(BUNDLE) ? Optional.of(paths()) : Optional.empty();
  }

  @Override
  public List<BundleDigest> ready() {
    return List.of(BUNDLE);
  }

  @Override
  public Duration pullLimit() {
    return Duration.ZERO;
  }

  @Override
  public BundleUse acquire(BundleDigest digest, PullListener listener) throws BundleFailure {
    return hold(digest)
        .orElseThrow(
            () -> new BundleFailure(BundleFailure.Kind.ABSENT, "nobody has " + digest, null));
  }

  @Override
  public Optional<BundleUse> hold(BundleDigest digest) {
    return find(digest).map(HostPorts::use);
  }

  private static BundleUse use(BundlePaths paths) {
    return new BundleUse() {
      @Override
      public BundlePaths paths() {
        return paths;
      }

      @Override
      public void close() {}
    };
  }

  private static BundlePaths paths() {
    return new BundlePaths(
        "debian:12",
        BundlePaths.Guest.AGENT,
        Path.of("vmlinux"),
        Optional.of(Path.of("initramfs")),
        Optional.of(Path.of("rootfs")),
        "erofs",
        true,
        "",
        new BundlePaths.Defaults(List.of(), "", "/", List.of(), List.of()));
  }

  private GuestProgram program(String microVm) {
    return world.programOf(host.name(), microVm);
  }

  private void broken(String microVm, Boot where) throws IOException {
    if (program(microVm).boot() == where) {
      throw new IOException("Input/output error");
    }
  }

  @Override
  public Path createDirectory(String name) throws IOException {
    broken(name, Boot.DIRECTORY_FAILS);
    if (!host.directories().add(name)) {
      throw new IOException("there is one already");
    }
    return ROOT.resolve(name);
  }

  @Override
  public Path directory(String name) {
    return ROOT.resolve(name);
  }

  @Override
  public void removeDirectory(Path directory) {
    String name = String.valueOf(directory.getFileName());
    host.directories().remove(name);
    host.scratches().remove(name);
  }

  @Override
  public Path createScratch(Path directory, int scratchMib)
      throws IOException, InterruptedException {
    String name = String.valueOf(directory.getFileName());
    process.sleep(Duration.ofMillis(10));
    broken(name, Boot.SCRATCH_FAILS);
    host.scratches().add(name);
    return directory.resolve("scratch.ext4");
  }

  @Override
  public void removeScratch(Path scratch) {
    host.scratches().remove(String.valueOf(scratch.getName(scratch.getNameCount() - 2)));
  }

  @Override
  public Identity identity() {
    return new Identity("simulated", "1", "none");
  }

  @Override
  public RunningMicroVm boot(MicroVmSpec spec) throws HypervisorException, InterruptedException {
    process.sleep(program(spec.name()).bootTime());
    if (program(spec.name()).boot() == Boot.VMM_FAILS) {
      throw new HypervisorException("the VMM does not start");
    }
    return new View(host.boot(spec.name(), spec.shape()));
  }

  @Override
  public RunningMicroVm adopt(String name, Path directory, VmmIdentity vmm)
      throws HypervisorException {
    SimulatedGuest guest = host.microVms().get(name);
    if (guest == null) {
      throw new HypervisorException("nothing runs");
    }
    return new View(guest);
  }

  @Override
  public GuestSession open(GuestChannel channel, boolean again, Duration timeout)
      throws GuestException, InterruptedException {
    View view = ((Channel) channel).view;
    if (view.guest.program().boot() == Boot.NO_ANSWER) {
      process.sleep(timeout);
      throw new GuestException(Kind.TIMEOUT, "no answer");
    }
    process.sleep(view.guest.program().bootTime());
    if (view.guest.program().boot() == Boot.GONE_BEFORE_ANSWER) {
      view.guest.dies(1);
    }
    if (!view.guest.alive()) {
      throw new GuestException(Kind.GONE, "end of stream");
    }
    return view.conversation;
  }

  @Override
  public Path root() {
    return ROOT;
  }

  @Override
  public List<VmmProcess> processes() {
    return host.microVms().keySet().stream()
        .map(name -> new VmmProcess(processId(name), 1, ROOT.resolve(name)))
        .toList();
  }

  @Override
  public List<Path> directories() {
    return host.directories().stream().map(ROOT::resolve).toList();
  }

  @Override
  public void kill(VmmProcess vmm) {
    SimulatedGuest guest = host.microVms().get(String.valueOf(vmm.directory().getFileName()));
    if (guest != null) {
      guest.kill();
    }
  }

  @Override
  public List<AttemptLease> spools() {
    return host.spool().present();
  }

  @Override
  public List<AttemptLease> journals() {
    return host.journals().leases();
  }

  @Override
  public void removeSpool(AttemptLease lease) throws IOException {
    for (LogSpool.Leftover left : host.spool().leftovers()) {
      if (left.lease().equals(lease)) {
        left.spool().delete();
      }
    }
  }

  @Override
  public void removeJournal(AttemptLease lease) {
    host.journals().remove(lease);
  }

  private static long processId(String microVm) {
    return microVm.hashCode() & 0x7fff_ffffL;
  }

  /** A microVM, for this process. */
  private final class View implements RunningMicroVm {
    private final SimulatedGuest guest;
    private final SimulatedConversation conversation;

    View(SimulatedGuest guest) {
      this.guest = guest;
      this.conversation = new SimulatedConversation(guest, process);
      guest.converse(conversation);
    }

    @Override
    public VmmIdentity identity() {
      return new VmmIdentity(processId(guest.name()), 1);
    }

    @Override
    public GuestChannel connect(Duration timeout) throws IOException, InterruptedException {
      process.sleep(Duration.ofMillis(5));
      broken(guest.name(), Boot.NOT_REACHED);
      return new Channel(this);
    }

    @Override
    public CompletableFuture<Integer> exited() {
      return conversation.exited();
    }

    @Override
    public void destroy() {
      guest.kill();
    }

    @Override
    public String diagnostics() {
      return "";
    }
  }

  /** Says to whom; bytes are the framed protocol's business, which has tests of its own. */
  private static final class Channel implements GuestChannel {
    private final View view;

    Channel(View view) {
      this.view = view;
    }

    @Override
    public int read(ByteBuffer into) {
      return -1;
    }

    @Override
    public void write(ByteBuffer from) {}

    @Override
    public void close() {}
  }
}
