package dev.mayfly.it.bench;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.hypervisor.qemu.Accelerator;
import dev.mayfly.worker.hypervisor.qemu.QemuHypervisor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code ./mayfly bench start [-n N] [--accelerator tcg|kvm]}: from starting the process to the
 * guest agent's first answer, our microVM and bare QEMU with the same kernel, disks and command
 * line by turns, and the ratio.
 */
public final class StartBench {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final int DEFAULT_ROUNDS = 10;

  private final QemuHypervisor hypervisor;
  private final BootBundle bundle;
  private final Path directory;
  private final FramedGuestSessions sessions = new FramedGuestSessions(new SecureRandom());

  private StartBench(QemuHypervisor hypervisor, BootBundle bundle, Path directory) {
    this.hypervisor = hypervisor;
    this.bundle = bundle;
    this.directory = directory;
  }

  public static void main(String[] arguments) throws Exception {
    Options options;
    try {
      options = Options.parse(arguments);
    } catch (IllegalArgumentException wrong) {
      System.err.println("mayfly: " + wrong.getMessage());
      System.exit(2);
      return;
    }
    Path home = Path.of(System.getenv("MAYFLY_HOME"));
    BundleStore store = BundleStore.open(home.resolve("images"));
    BootBundle bundle =
        store
            .find("debian:12")
            .orElseThrow(() -> new IllegalStateException("debian:12 is not built"));
    Path directory = Files.createTempDirectory(home.resolve("run"), "bench-");
    try {
      QemuHypervisor hypervisor =
          QemuHypervisor.create("qemu-system-x86_64", options.accelerator());
      new StartBench(hypervisor, bundle, directory).measure(options.rounds());
    } finally {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  /** What the command line asked for. */
  private record Options(int rounds, Accelerator accelerator) {

    static Options parse(String[] arguments) {
      int rounds = DEFAULT_ROUNDS;
      Accelerator accelerator = Accelerator.TCG;
      for (int i = 0; i < arguments.length; i += 2) {
        String value = i + 1 < arguments.length ? arguments[i + 1] : "";
        switch (arguments[i] + " " + value) {
          case "--accelerator kvm" -> accelerator = Accelerator.KVM;
          case "--accelerator tcg" -> accelerator = Accelerator.TCG;
          default -> {
            if (!arguments[i].equals("-n") || !value.matches("[1-9][0-9]{0,2}|1000")) {
              throw new IllegalArgumentException(
                  "bench start takes -n N (1 to 1000) and --accelerator tcg|kvm");
            }
            rounds = Integer.parseInt(value);
          }
        }
      }
      return new Options(rounds, accelerator);
    }
  }

  private void measure(int rounds) throws Exception {
    System.out.printf(
        "%s, kernel %s, %d rounds by turns; from process start to the guest agent's first answer%n",
        hypervisor.identity(), bundle.manifest().kernel().release(), rounds);
    List<Long> ours = new ArrayList<>();
    List<Long> bare = new ArrayList<>();
    List<String> command = warmUp();
    for (int round = 0; round < rounds; round++) {
      ours.add(ours(spec("ours-" + round)));
      bare.add(bare(command, "bare-" + round));
    }
    print("our microVM", ours);
    print("bare qemu", bare);
    System.out.printf(
        Locale.ROOT,
        "ratio of the medians, ours / bare: %.3f%n",
        (double) median(ours) / median(bare));
  }

  /** One round of ours that does not count; it also tells the command line. */
  private List<String> warmUp() throws Exception {
    MicroVmSpec spec = spec("warm-up");
    RunningMicroVm microVm = hypervisor.boot(spec);
    try (GuestSession session = sessions.open(microVm.connect(PATIENCE), false, PATIENCE)) {
      session.hello();
      List<String> command = BareQemu.commandOf(microVm.pid(), spec);
      // The bare one has a scratch disk of its own, as ours has.
      return command.stream()
          .map(word ->
              word.replace(
                  spec.scratch().orElseThrow().toString(), directory.resolve("scratch").toString()))
          .toList();
    } finally {
      microVm.destroy();
    }
  }

  private long ours(MicroVmSpec spec) throws Exception {
    long started = System.nanoTime();
    RunningMicroVm microVm = hypervisor.boot(spec);
    try (GuestSession session = sessions.open(microVm.connect(PATIENCE), false, PATIENCE)) {
      long answered = System.nanoTime() - started;
      session.hello();
      return answered;
    } finally {
      microVm.destroy();
    }
  }

  private long bare(List<String> command, String name) throws Exception {
    emptyDisk(directory.resolve("scratch"));
    return BareQemu.start(command, Files.createDirectory(directory.resolve(name)));
  }

  private MicroVmSpec spec(String name) throws IOException {
    Path scratch = directory.resolve(name + ".scratch");
    emptyDisk(scratch);
    return new MicroVmSpec(
        name,
        Files.createDirectory(directory.resolve(name)),
        bundle.kernel(),
        bundle.initramfs(),
        bundle.rootfs(),
        Optional.of(scratch),
        Shape.DEFAULT,
        NetworkMode.USER,
        bundle.manifest().kernel().needsAcpi(),
        bundle.manifest().kernel().arguments(),
        MicroVmSpec.Console.KERNEL,
        PATIENCE);
  }

  private static void emptyDisk(Path path) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength((long) Shape.DEFAULT.scratchMib() << 20);
    }
  }

  private static void print(String name, List<Long> nanos) {
    List<Long> sorted = sorted(nanos);
    System.out.printf(
        Locale.ROOT,
        "%-12s min %5.0f ms   median %5.0f ms   p90 %5.0f ms   max %5.0f ms%n",
        name,
        sorted.getFirst() / 1e6,
        median(nanos) / 1e6,
        sorted.get((int) Math.ceil(sorted.size() * 0.9) - 1) / 1e6,
        sorted.getLast() / 1e6);
  }

  private static long median(List<Long> nanos) {
    List<Long> sorted = sorted(nanos);
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  private static List<Long> sorted(List<Long> nanos) {
    List<Long> sorted = new ArrayList<>(nanos);
    Collections.sort(sorted);
    return sorted;
  }
}
