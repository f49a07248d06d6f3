package dev.mayfly.worker.daemon.config;

import dev.mayfly.api.Label;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.worker.core.slot.HostCapacity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Settings of the worker, checked; see {@code ops/docs/configuration.md}.
 *
 * @param home the state directory, absolute
 * @param orchestrators where to dial, each when the one before is not reached; loopback addresses,
 *     see {@link #read}; at least one
 * @param labels what jobs can select this worker by
 * @param qemu the VMM's program, a name on the PATH or a path
 * @param onStop applies to SIGTERM and SIGINT; a worker that is killed keeps its microVMs anyway
 */
public record WorkerConfig(
    Path home,
    List<OrchestratorAddress> orchestrators,
    Path tokenFile,
    String name,
    SortedSet<Label> labels,
    WorkerPoolName pool,
    HostCapacity capacity,
    Accelerator accelerator,
    String qemu,
    OnStop onStop,
    ImageConfig images) {

  /** What becomes of running microVMs when the worker is asked to stop. */
  public enum OnStop {
    /** They end with it. */
    DESTROY,
    /** They go on, for the next worker process on this state directory. */
    KEEP
  }

  public WorkerConfig {
    orchestrators = List.copyOf(orchestrators);
    labels = Collections.unmodifiableSortedSet(new TreeSet<>(labels));
  }

  /** How guests are run. */
  public enum Accelerator {
    /** KVM where a guest really boots on it, else emulation. */
    AUTO,
    KVM,
    TCG
  }

  /**
   * The directory of a microVM may have 80 bytes, because a Unix socket path holds 107; beneath the
   * home come {@code /worker/vms/} (12) and the name of the microVM (15).
   */
  static final int MAX_HOME_BYTES = 80 - 12 - 15;

  private static final int DEFAULT_PORT = 8421;

  /** More than anybody runs on one database. */
  private static final int MAX_ORCHESTRATORS = 16;

  private static final int MEMORY_PERCENT = 75;
  private static final int DISK_PERCENT = 80;
  private static final int MAX_CPUS = 4096;
  private static final int MAX_MIB = 1 << 30;
  private static final String POOL_LABEL = "pool=";
  private static final Pattern NAME = Pattern.compile("[a-z0-9.-]{1,63}");

  /**
   * Reads and checks everything.
   *
   * @throws ConfigException naming the first setting that is wrong
   */
  public static WorkerConfig read(
      Map<String, String> environment, Map<String, String> properties, FactsOf facts)
      throws ConfigException {
    var settings = Settings.read(environment, properties);
    var home = home(settings, environment, properties);
    var host = facts.of(home);
    var orchestrators =
        addresses(settings.get("mayfly.worker.orchestrator").orElse("127.0.0.1:8421"));
    return new WorkerConfig(
        home,
        orchestrators,
        settings
            .get("mayfly.worker.token-file")
            .map(Path::of)
            .map(Path::toAbsolutePath)
            .orElse(home.resolve("secrets/worker-token")),
        name(settings, host),
        labels(settings.get("mayfly.worker.labels").orElse("")),
        pool(settings.get("mayfly.worker.pool")),
        new HostCapacity(
            settings.number("mayfly.worker.cpus", 1, MAX_CPUS, host.cpus()),
            settings.number(
                "mayfly.worker.memory-mib",
                Shape.MIN_MEMORY_MIB,
                MAX_MIB,
                percent(host.memoryMib(), MEMORY_PERCENT)),
            settings.number(
                "mayfly.worker.scratch-mib",
                Shape.MIN_SCRATCH_MIB,
                MAX_MIB,
                percent(host.freeDiskMib(), DISK_PERCENT))),
        accelerator(settings.get("mayfly.worker.accelerator").orElse("auto")),
        settings.get("mayfly.worker.qemu").orElse("qemu-system-x86_64"),
        onStop(settings.get("mayfly.worker.on-stop").orElse("destroy")),
        ImageConfig.read(settings, home, host));
  }

  /** How to learn about the host, given the state directory. */
  @FunctionalInterface
  public interface FactsOf {
    HostFacts of(Path home);
  }

  /** What this worker keeps for itself. */
  public Path workerDirectory() {
    return home.resolve("worker");
  }

  private static Path home(
      Settings settings, Map<String, String> environment, Map<String, String> properties)
      throws ConfigException {
    var given = settings.get("mayfly.home");
    Path home;
    try {
      if (given.isPresent()) {
        home = Path.of(given.get());
      } else {
        var user = properties.getOrDefault("user.home", "/");
        var shared = environment.getOrDefault("XDG_DATA_HOME", "");
        home =
            (shared.isEmpty() ? Path.of(user, ".local", "share") : Path.of(shared))
                .resolve("mayfly");
      }
    } catch (InvalidPathException invalid) {
      throw new ConfigException("mayfly.home is not a path");
    }
    if (!home.isAbsolute()) {
      throw new ConfigException("mayfly.home is " + home + ", must be an absolute path");
    }
    var normal = home.normalize();
    int bytes = normal.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_HOME_BYTES) {
      throw new ConfigException(
          "mayfly.home is "
              + normal
              + ", "
              + bytes
              + " bytes long, must be at most "
              + MAX_HOME_BYTES
              + " because the sockets beneath it have a limit");
    }
    return normal;
  }

  private static List<OrchestratorAddress> addresses(String text) throws ConfigException {
    var addresses = new ArrayList<OrchestratorAddress>();
    for (var part : text.split(",", MAX_ORCHESTRATORS + 1)) {
      addresses.add(address(part.strip()));
    }
    return addresses;
  }

  private static OrchestratorAddress address(String text) throws ConfigException {
    int colon = text.lastIndexOf(':');
    boolean onlyHost =
        colon < 0 || text.endsWith("]") || text.indexOf(':') != colon && !text.contains("]");
    var host = onlyHost ? text : text.substring(0, colon);
    int port = DEFAULT_PORT;
    if (!onlyHost) {
      try {
        port = Integer.parseInt(text.substring(colon + 1));
      } catch (NumberFormatException notANumber) {
        port = 0;
      }
    }
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    if (host.isEmpty() || port < 1 || port > 65535) {
      throw new ConfigException(
          "mayfly.worker.orchestrator is \""
              + text
              + "\", must be host:port, or several separated by commas");
    }
    requireLoopback(host);
    return new OrchestratorAddress(host, port);
  }

  /** The join token would travel in plain text. */
  private static void requireLoopback(String host) throws ConfigException {
    boolean loopback;
    try {
      loopback =
          Arrays.stream(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
    } catch (UnknownHostException unknown) {
      throw new ConfigException(
          "mayfly.worker.orchestrator is at \"" + host + "\", which has no address");
    }
    if (!loopback) {
      throw new ConfigException(
          "mayfly.worker.orchestrator is at "
              + host
              + ", which is not this machine: the link is not encrypted yet, and the worker token"
              + " is not sent in plain text over a network; use a tunnel to a loopback address");
    }
  }

  private static String name(Settings settings, HostFacts host) throws ConfigException {
    var given = settings.get("mayfly.worker.name");
    if (given.isEmpty()) {
      var plain = host.hostName().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.-]", "-");
      var cut = plain.substring(0, Math.min(plain.length(), 63));
      return cut.isEmpty() ? "worker" : cut;
    }
    if (!NAME.matcher(given.get()).matches()) {
      throw new ConfigException(
          "mayfly.worker.name is \""
              + given.get()
              + "\", must be 1 to 63 characters of a-z, 0-9, dot and hyphen");
    }
    return given.get();
  }

  /** Separated by commas; spaces around them do not matter. */
  private static SortedSet<Label> labels(String text) throws ConfigException {
    var labels = new TreeSet<Label>();
    for (var part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
      var label = part.strip();
      if (label.startsWith(POOL_LABEL)) {
        throw new ConfigException(
            "mayfly.worker.labels holds \""
                + label
                + "\", which every worker has of itself: set mayfly.worker.pool");
      }
      try {
        labels.add(new Label(label));
      } catch (IllegalArgumentException wrong) {
        throw new ConfigException(
            "mayfly.worker.labels holds \"" + label + "\", which " + wrong.getMessage());
      }
    }
    if (labels.size() > Label.MAX_LABELS) {
      throw new ConfigException(
          "mayfly.worker.labels holds "
              + labels.size()
              + " labels, must be at most "
              + Label.MAX_LABELS);
    }
    return labels;
  }

  private static WorkerPoolName pool(Optional<String> name) throws ConfigException {
    if (name.isEmpty()) {
      return WorkerPoolName.DEFAULT;
    }
    try {
      return new WorkerPoolName(name.get());
    } catch (IllegalArgumentException wrong) {
      throw new ConfigException(
          "mayfly.worker.pool is \"" + name.get() + "\", " + wrong.getMessage());
    }
  }

  private static Accelerator accelerator(String text) throws ConfigException {
    return switch (text) {
      case "auto" -> Accelerator.AUTO;
      case "kvm" -> Accelerator.KVM;
      case "tcg" -> Accelerator.TCG;
      default ->
          throw new ConfigException(
              "mayfly.worker.accelerator is \"" + text + "\", must be auto, kvm or tcg");
    };
  }

  private static OnStop onStop(String text) throws ConfigException {
    return switch (text) {
      case "destroy" -> OnStop.DESTROY;
      case "keep" -> OnStop.KEEP;
      default ->
          throw new ConfigException(
              "mayfly.worker.on-stop is \"" + text + "\", must be destroy or keep");
    };
  }

  private static int percent(long all, int percent) {
    return (int) Math.min(MAX_MIB, all * percent / 100);
  }
}
