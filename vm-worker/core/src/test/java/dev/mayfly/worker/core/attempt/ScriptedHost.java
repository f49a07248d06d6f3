package dev.mayfly.worker.core.attempt;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.worker.core.bundle.BundleFailure;
import dev.mayfly.worker.core.bundle.BundlePaths;
import dev.mayfly.worker.core.bundle.BundlePaths.Defaults;
import dev.mayfly.worker.core.bundle.BundlePaths.Guest;
import dev.mayfly.worker.core.bundle.BundleUse;
import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.core.bundle.PullListener;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSessions;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A host whose every step can be told to fail or to hang, and whose every undo can be told to fail
 * once. It keeps account of what exists. Thread-safe.
 */
public final class ScriptedHost implements Bundles, MicroVmFiles, Hypervisor, GuestSessions {
  public static final BundleDigest BUNDLE = new BundleDigest("sha256:" + "a".repeat(64));

  /** The steps towards a running command. */
  public enum Step {
    BUNDLE,
    DIRECTORY,
    SCRATCH,
    BOOT,
    CONNECT,
    OPEN,
    SETUP,
    START
  }

  /** What a step leaves that has to be undone. */
  public static final List<String> UNDOS =
      List.of("bundle", "directory", "scratch", "microVM", "channel", "session");

  private final Set<String> world = new ConcurrentSkipListSet<>();
  private final Set<String> undoFaults = new ConcurrentSkipListSet<>();
  private final Map<Step, Exception> faults = new EnumMap<>(Step.class);
  private final Map<Step, CountDownLatch> hangs = new EnumMap<>(Step.class);
  private final LinkedBlockingQueue<ScriptedGuest> guests = new LinkedBlockingQueue<>();
  private final InMemoryJournals journals = new InMemoryJournals();
  private final Map<String, ScriptedGuest> lastGuest = new ConcurrentHashMap<>();
  private final Map<String, ScriptedMicroVm> running = new ConcurrentHashMap<>();
  private final Map<String, PrintedConsole> consoles = new ConcurrentHashMap<>();
  private volatile boolean bundlePresent = true;
  private volatile boolean pulled;
  private volatile BundlePaths paths = agentBundle();

  /** Everything that exists on this host now. */
  public Set<String> world() {
    return Set.copyOf(world);
  }

  /** A step throws this from now on. */
  public synchronized void failAt(Step step, Exception failure) {
    faults.put(step, failure);
  }

  /** A step blocks until it is interrupted; the latch says when it has got there. */
  public synchronized CountDownLatch hangAt(Step step) {
    var reached = new CountDownLatch(1);
    hangs.put(step, reached);
    return reached;
  }

  /** The next undo of this thing fails, and does nothing. */
  public void failUndoOnce(String thing) {
    undoFaults.add(thing);
  }

  public InMemoryJournals journals() {
    return journals;
  }

  public void removeBundle() {
    bundlePresent = false;
  }

  /** The bundle has to be pulled first. */
  public void pullBundle() {
    pulled = true;
  }

  /** The image names no command. */
  public void forgetCommand() {
    var said = paths.defaults();
    paths =
        with(
            paths.guest(),
            new Defaults(
                said.environment(), said.user(), said.workingDirectory(), List.of(), List.of()));
  }

  /** The image has no agent. */
  public void useConsoleGuest() {
    paths = with(Guest.CONSOLE, paths.defaults());
  }

  private BundlePaths with(Guest guest, Defaults defaults) {
    return new BundlePaths(
        paths.name(),
        guest,
        paths.kernel(),
        paths.initramfs(),
        paths.rootfs(),
        paths.rootFileSystem(),
        paths.needsAcpi(),
        paths.kernelArguments(),
        defaults);
  }

  /** The console of a microVM. */
  public PrintedConsole consoleOf(String microVm) {
    return consoles.computeIfAbsent(microVm, name -> new PrintedConsole());
  }

  /** The next guest in which a command was started. */
  public ScriptedGuest awaitGuest() throws InterruptedException {
    var guest = guests.poll(20, TimeUnit.SECONDS);
    if (guest == null) {
      throw new AssertionError("no command was started");
    }
    return guest;
  }

  public AttemptHost ports(Timers timers) {
    return new AttemptHost(
        this,
        this,
        journals,
        this,
        this,
        BootLimits.TCG,
        timers,
        InstantSource.fixed(Instant.EPOCH),
        new SecureRandom());
  }

  void guestStarted(ScriptedGuest guest) {
    guests.add(guest);
  }

  void undone(String thing, String kind) throws IOException {
    if (undoFaults.remove(kind)) {
      throw new IOException(kind + " cannot be undone now");
    }
    world.remove(thing);
  }

  <E extends Exception> void step(Step step, Class<E> kind) throws E, InterruptedException {
    Exception fault;
    CountDownLatch hang;
    synchronized (this) {
      fault = faults.get(step);
      hang = hangs.get(step);
    }
    if (hang != null) {
      hang.countDown();
      new CountDownLatch(1).await();
    }
    if (fault instanceof RuntimeException bug) {
      throw bug;
    }
    if (fault != null) {
      throw kind.cast(fault);
    }
  }

  private <E extends Exception> void quickStep(Step step, Class<E> kind) throws E {
    try {
      step(step, kind);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Optional<BundlePaths> find(BundleDigest digest) {
    return bundlePresent ? Optional.of(paths) : Optional.empty();
  }

  @Override
  public List<BundleDigest> ready() {
    return bundlePresent ? List.of(BUNDLE) : List.of();
  }

  @Override
  public Duration pullLimit() {
    return Duration.ZERO;
  }

  @Override
  public BundleUse acquire(BundleDigest digest, PullListener listener)
      throws BundleFailure, InterruptedException {
    if (!bundlePresent) {
      throw new BundleFailure(BundleFailure.Kind.ABSENT, "nobody has " + digest, null);
    }
    step(Step.BUNDLE, BundleFailure.class);
    if (pulled) {
      listener.progress(0, 3 << 20);
      listener.progress(3 << 20, 3 << 20);
      listener.pulled();
    }
    world.add("bundle " + digest);
    return new ScriptedUse(digest);
  }

  @Override
  public Optional<BundleUse> hold(BundleDigest digest) {
    world.add("bundle " + digest);
    return find(digest).map(paths -> new ScriptedUse(digest));
  }

  private final class ScriptedUse implements BundleUse {
    private final BundleDigest digest;

    ScriptedUse(BundleDigest digest) {
      this.digest = digest;
    }

    @Override
    public BundlePaths paths() {
      return paths;
    }

    @Override
    public void close() {
      try {
        undone("bundle " + digest, "bundle");
      } catch (IOException failure) {
        throw new java.io.UncheckedIOException(failure);
      }
    }
  }

  private static BundlePaths agentBundle() {
    return new BundlePaths(
        "debian:12",
        Guest.AGENT,
        Path.of("vmlinux"),
        Optional.of(Path.of("initramfs")),
        Optional.of(Path.of("rootfs")),
        "erofs",
        true,
        "",
        new Defaults(
            List.of("PATH=/bin", "LANG=C"),
            "builder",
            "/workspace",
            List.of("/entry"),
            List.of("serve")));
  }

  @Override
  public Path createDirectory(String name) throws IOException {
    quickStep(Step.DIRECTORY, IOException.class);
    world.add("directory " + name);
    return Path.of(name);
  }

  @Override
  public Path directory(String name) {
    return Path.of(name);
  }

  @Override
  public void removeDirectory(Path directory) throws IOException {
    undone("directory " + directory, "directory");
    world.removeIf(thing -> thing.startsWith("scratch " + directory + "/"));
  }

  @Override
  public Path createScratch(Path directory, int scratchMib)
      throws IOException, InterruptedException {
    step(Step.SCRATCH, IOException.class);
    var scratch = directory.resolve("scratch.ext4");
    world.add("scratch " + scratch);
    return scratch;
  }

  @Override
  public void removeScratch(Path scratch) throws IOException {
    undone("scratch " + scratch, "scratch");
  }

  @Override
  public Identity identity() {
    return new Identity("scripted", "1", "tcg");
  }

  @Override
  public RunningMicroVm boot(MicroVmSpec spec) throws HypervisorException, InterruptedException {
    step(Step.BOOT, HypervisorException.class);
    world.add("microVM " + spec.name());
    var microVm = new ScriptedMicroVm(spec.name());
    running.put(spec.name(), microVm);
    return microVm;
  }

  @Override
  public RunningMicroVm adopt(String name, Path directory, VmmIdentity vmm)
      throws HypervisorException {
    var microVm = running.get(name);
    if (microVm == null || microVm.exit.isDone() || !microVm.identity().equals(vmm)) {
      throw new HypervisorException("the VMM of " + name + " does not run any more");
    }
    return microVm;
  }

  @Override
  public GuestSession open(GuestChannel channel, boolean again, Duration timeout)
      throws GuestException, InterruptedException {
    step(Step.OPEN, GuestException.class);
    var of = (ScriptedChannel) channel;
    world.add("session " + of.name);
    var guest = new ScriptedGuest(this, of.name, of.vmExit, again ? lastGuest.get(of.name) : null);
    lastGuest.put(of.name, guest);
    return guest;
  }

  private final class ScriptedMicroVm implements RunningMicroVm {
    private final String name;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();

    ScriptedMicroVm(String name) {
      this.name = name;
    }

    @Override
    public VmmIdentity identity() {
      return new VmmIdentity(0, 1);
    }

    @Override
    public GuestChannel connect(Duration timeout) throws IOException, InterruptedException {
      step(Step.CONNECT, IOException.class);
      world.add("channel " + name);
      return new ScriptedChannel(name, exit);
    }

    @Override
    public GuestChannel connectConsole(Duration timeout) throws IOException, InterruptedException {
      step(Step.CONNECT, IOException.class);
      world.add("channel " + name);
      var console = consoleOf(name);
      console.whenClosed(() -> world.remove("channel " + name));
      console.whenEnded(exit::complete);
      return console;
    }

    @Override
    public CompletableFuture<Integer> exited() {
      return exit;
    }

    @Override
    public void destroy() {
      try {
        undone("microVM " + name, "microVM");
      } catch (IOException failure) {
        throw new java.io.UncheckedIOException(failure);
      }
      exit.complete(137);
    }

    @Override
    public String diagnostics() {
      return "scripted diagnostics";
    }

    @Override
    public String console() {
      return consoles.containsKey(name) ? consoles.get(name).text() : "scripted panic";
    }
  }

  private final class ScriptedChannel implements GuestChannel {
    private final String name;
    private final CompletableFuture<Integer> vmExit;

    ScriptedChannel(String name, CompletableFuture<Integer> vmExit) {
      this.name = name;
      this.vmExit = vmExit;
    }

    @Override
    public int read(ByteBuffer into) {
      return -1;
    }

    @Override
    public void write(ByteBuffer from) {}

    @Override
    public void close() throws IOException {
      undone("channel " + name, "channel");
    }
  }
}
