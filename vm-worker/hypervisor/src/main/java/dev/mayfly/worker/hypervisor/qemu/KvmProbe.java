package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSessions;
import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.core.vm.HypervisorException;
import dev.mayfly.worker.core.vm.MicroVmSpec;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.linux.HostFacts;
import dev.mayfly.worker.linux.KvmDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Believes in KVM only after a guest booted on it. There are hosts whose KVM device opens, answers
 * and makes machines, and yet hangs every stock Linux in them; only a boot tells. The answer is
 * kept in a file for the same host kernel, QEMU and guest kernel.
 */
public final class KvmProbe {
  private static final Logger LOG = LoggerFactory.getLogger(KvmProbe.class);

  /** Ten times what a boot takes with KVM. */
  public static final Duration DEADLINE = Duration.ofSeconds(10);

  /** A no may have come from a bad moment, so it is doubted once a day; a yes stays. */
  private static final Duration NO_HOLDS = Duration.ofDays(1);

  private static final String NAME = "kvm-probe";
  private static final Shape SHAPE = new Shape(1, 256, Shape.MIN_SCRATCH_MIB);

  private final GuestSessions sessions;
  private final Path answerFile;
  private final Clock clock;

  private final Duration deadline;

  /** Makes the hypervisor that is asked. */
  public interface Hypervisors {
    Hypervisor kvm() throws HypervisorException, InterruptedException;
  }

  /**
   * What is booted, and by what.
   *
   * @param kernelSha256 names the kernel in the answer
   * @param needsAcpi as in {@link MicroVmSpec}
   */
  public record Target(
      QemuVersion qemu, Path kernel, String kernelSha256, Path initramfs, boolean needsAcpi) {}

  /**
   * @param reason fit for people
   */
  public record Result(boolean usable, String reason) {}

  /**
   * @param answerFile where the answer is kept; its directory exists
   */
  public KvmProbe(GuestSessions sessions, Path answerFile, Clock clock) {
    this(sessions, answerFile, clock, DEADLINE);
  }

  KvmProbe(GuestSessions sessions, Path answerFile, Clock clock, Duration deadline) {
    this.sessions = sessions;
    this.answerFile = answerFile;
    this.clock = clock;
    this.deadline = deadline;
  }

  /**
   * Answers from the file, or boots a guest without disks; that takes up to {@link #DEADLINE} and
   * leaves nothing behind.
   *
   * @param device what the device says; when it is absent nothing is booted and nothing remembered
   * @param directory made for the boot and removed; at most 80 bytes long
   * @throws IOException when the answer cannot be kept
   */
  public Result probe(
      KvmDevice.Answer device, Target target, Hypervisors hypervisors, Path directory)
      throws InterruptedException, IOException {
    if (device instanceof KvmDevice.Answer.Absent(String reason)) {
      return new Result(false, reason);
    }
    KvmAnswer.Key key =
        new KvmAnswer.Key(HostFacts.kernelRelease(), target.qemu().text(), target.kernelSha256());
    Optional<KvmAnswer> known = KvmAnswer.read(answerFile).filter(answer -> holds(answer, key));
    if (known.isPresent()) {
      return known.get().result();
    }
    MicroVmSpec spec =
        new MicroVmSpec(
            NAME,
            directory,
            target.kernel(),
            Optional.of(target.initramfs()),
            Optional.empty(),
            Optional.empty(),
            SHAPE,
            NetworkMode.NONE,
            target.needsAcpi(),
            "",
            MicroVmSpec.Console.KERNEL,
            // Room for starting QEMU and powering off.
            DEADLINE.multipliedBy(3));
    Result result;
    try {
      remove(directory);
      Files.createDirectories(directory);
      result = boot(hypervisors.kvm(), spec);
    } catch (HypervisorException e) {
      // Says more about this moment than about KVM, so it is not kept.
      return new Result(false, String.valueOf(e.getMessage()));
    } finally {
      remove(directory);
    }
    new KvmAnswer(key, result, clock.instant()).write(answerFile);
    LOG.atInfo()
        .addKeyValue("usable", result.usable())
        .addKeyValue("reason", result.reason())
        .log("KVM was probed");
    return result;
  }

  private Result boot(Hypervisor hypervisor, MicroVmSpec spec)
      throws HypervisorException, InterruptedException {
    Instant start = clock.instant();
    RunningMicroVm microVm = hypervisor.boot(spec);
    try (GuestSession session = sessions.open(microVm.connect(deadline), false, deadline)) {
      Duration took = Duration.between(start, clock.instant());
      session.powerOff(deadline);
      return new Result(true, "a guest booted in " + took.toMillis() + " ms");
    } catch (GuestException e) {
      if (e.kind() == GuestException.Kind.GONE) {
        throw new HypervisorException(
            "QEMU gave up with KVM: " + microVm.diagnostics().strip().replaceAll("\\s+", " "), e);
      }
      return new Result(
          false,
          "the KVM device opens, but a guest did not boot on it within "
              + deadline.toSeconds()
              + " s: "
              + e.getMessage());
    } catch (IOException e) {
      throw new HypervisorException("QEMU gave up with KVM: " + e.getMessage(), e);
    } finally {
      microVm.destroy();
    }
  }

  private boolean holds(KvmAnswer answer, KvmAnswer.Key key) {
    return answer.key().equals(key)
        && (answer.result().usable() || answer.at().plus(NO_HOLDS).isAfter(clock.instant()));
  }

  private static void remove(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
      }
    }
  }
}
