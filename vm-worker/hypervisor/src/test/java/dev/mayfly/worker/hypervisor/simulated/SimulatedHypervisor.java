package dev.mayfly.worker.hypervisor.simulated;

import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.FakeGuest;
import dev.mayfly.worker.core.guest.FakeProgram;
import dev.mayfly.worker.core.guest.FakePrograms;
import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Microvms without machines: each boots at once into a {@link FakeGuest} that speaks the protocol
 * for real. Keeps the port's promises, leaves a file in the microVM's directory while it lives, and
 * fails when it is told to. Thread-safe.
 */
public final class SimulatedHypervisor implements Hypervisor {
  /** In a microVM's directory for as long as its VMM would run. */
  public static final String ALIVE_FILE = "simulated.alive";

  private final Function<ExecSpec, FakeProgram> programs;
  private final Map<String, SimulatedMicroVm> alive = new ConcurrentHashMap<>();
  private final AtomicInteger booted = new AtomicInteger();
  private final AtomicBoolean silent = new AtomicBoolean();
  private final AtomicBoolean crashing = new AtomicBoolean();
  private final AtomicReference<Optional<String>> nextFailure =
      new AtomicReference<>(Optional.empty());

  /** Guests with the toy shell of {@link FakePrograms#shell}. */
  public SimulatedHypervisor() {
    this(FakePrograms.shell());
  }

  public SimulatedHypervisor(Function<ExecSpec, FakeProgram> programs) {
    this.programs = programs;
  }

  @Override
  public Identity identity() {
    return new Identity("simulated", "1", "none");
  }

  /** The next boot fails with this message. */
  public void failNextBoot(String message) {
    nextFailure.set(Optional.of(message));
  }

  /** Guests booted from now on run, but never say a word. */
  public void silenceGuests() {
    silent.set(true);
  }

  /** The VMMs of guests booted from now on crash when they are connected to. */
  public void crashGuests() {
    crashing.set(true);
  }

  /** How many boots were begun; those that the test made fail are not counted. */
  public int booted() {
    return booted.get();
  }

  /** How many microVMs live. */
  public int alive() {
    return alive.size();
  }

  /** The guest of a microVM that lives. */
  public FakeGuest guest(String name) {
    return microVm(name).guest;
  }

  /** Ends a VMM as a crash would, with this exit code. */
  public void crash(String name, int code) {
    microVm(name).end(code);
  }

  @Override
  public RunningMicroVm boot(MicroVmSpec spec) throws HypervisorException {
    Optional<String> failure = nextFailure.getAndSet(Optional.empty());
    if (failure.isPresent()) {
      throw new HypervisorException(failure.get());
    }
    SimulatedMicroVm microVm = new SimulatedMicroVm(spec);
    if (alive.putIfAbsent(spec.name(), microVm) != null) {
      microVm.guest.close();
      throw new HypervisorException("a microVM called " + spec.name() + " lives already");
    }
    try {
      Files.createFile(spec.directory().resolve(ALIVE_FILE));
    } catch (IOException e) {
      microVm.end(1);
      throw new HypervisorException("the directory is not usable", e);
    }
    if (silent.get()) {
      microVm.guest.fallSilent();
    }
    return microVm;
  }

  @Override
  public RunningMicroVm adopt(String name, Path directory, VmmIdentity vmm)
      throws HypervisorException {
    SimulatedMicroVm microVm = alive.get(name);
    if (microVm == null || !microVm.identity().equals(vmm)) {
      throw new HypervisorException("the VMM of " + name + " does not run any more");
    }
    return microVm;
  }

  private SimulatedMicroVm microVm(String name) {
    SimulatedMicroVm microVm = alive.get(name);
    if (microVm == null) {
      throw new IllegalStateException("no microVM called " + name + " lives");
    }
    return microVm;
  }

  private final class SimulatedMicroVm implements RunningMicroVm {
    private final MicroVmSpec spec;
    private final VmmIdentity identity = new VmmIdentity(0, booted.incrementAndGet());
    private final FakeGuest guest = new FakeGuest(programs);
    private final CompletableFuture<Integer> exited = new CompletableFuture<>();

    private SimulatedMicroVm(MicroVmSpec spec) {
      this.spec = spec;
      guest.poweredOff().thenAccept(byHost -> end(byHost ? 0 : 137));
    }

    private void end(int code) {
      alive.remove(spec.name(), this);
      exited.complete(code);
      guest.close();
    }

    @Override
    public VmmIdentity identity() {
      return identity;
    }

    @Override
    public GuestChannel connect(Duration timeout) throws IOException {
      if (exited.isDone()) {
        throw new IOException("the VMM ended with code " + exited.join());
      }
      GuestChannel channel = guest.connect();
      if (crashing.get()) {
        end(134);
      }
      return channel;
    }

    @Override
    public CompletableFuture<Integer> exited() {
      return exited.copy();
    }

    @Override
    public void destroy() {
      end(137);
      Path file = spec.directory().resolve(ALIVE_FILE);
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public String diagnostics() {
      return exited.isDone() ? "simulated VMM ended with code " + exited.join() : "";
    }
  }
}
