package dev.mayfly.it.fleet;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.client.BaseUrl;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.Timeouts;
import dev.mayfly.db.EmbeddedPostgres;
import dev.mayfly.db.EmbeddedPostgresConfig;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * One database, several orchestrators and several workers on this machine, each a process of its
 * own; every worker dials through a {@link CuttingProxy} that knows all orchestrators. Not
 * thread-safe, except {@link #client}.
 */
public final class Deployment implements AutoCloseable {
  private static final int ORCHESTRATOR_HEAP_MIB = 256;
  private static final int WORKER_HEAP_MIB = 96;

  /** A JVM on a loaded machine of two cores starts in some seconds. */
  private static final Duration START = Duration.ofMinutes(3);

  private static final Duration STOP = Duration.ofSeconds(40);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private final Path directory;
  private final EmbeddedPostgresConfig databaseConfig;
  private final List<Integer> httpPorts = new ArrayList<>();
  private final List<Service> orchestrators = new ArrayList<>();
  private final List<Service> workers = new ArrayList<>();
  private final List<CuttingProxy> proxies = new ArrayList<>();
  private EmbeddedPostgres database;

  private Deployment(Path directory) throws IOException {
    this.directory = directory;
    this.databaseConfig =
        EmbeddedPostgresConfig.in(directory.resolve("postgres")).withPort(freePort());
    this.database = EmbeddedPostgres.start(databaseConfig);
  }

  /**
   * Starts everything and waits until every worker is online.
   *
   * @param directory empty; its path is short, because Unix sockets lie beneath it
   * @param images a directory with verified bundles, which all workers share
   */
  public static Deployment start(
      Path directory, Path images, int orchestrators, List<WorkerPlan> workers) throws Exception {
    List<WorkerPlan> seeded = workers.stream().map(worker -> worker.withImages(images)).toList();
    return start(directory, Map.of(), orchestrators, seeded);
  }

  /**
   * Starts everything and waits until every worker is online.
   *
   * @param directory empty; its path is short, because Unix sockets lie beneath it
   * @param settings further {@code MAYFLY_*} variables of the orchestrators
   */
  public static Deployment start(
      Path directory, Map<String, String> settings, int orchestrators, List<WorkerPlan> workers)
      throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Deployment deployment = new Deployment(directory);
    try {
      deployment.startOrchestrators(orchestrators, settings);
      for (int i = 0; i < workers.size(); i++) {
        deployment.startWorker(workers.get(i), i);
      }
      deployment.await(
          "every worker is online", START, () -> deployment.onlineWorkers() == workers.size());
      return deployment;
    } catch (Exception failed) {
      deployment.close();
      throw failed;
    }
  }

  private void startOrchestrators(int count, Map<String, String> settings) throws Exception {
    Path password = directory.resolve("database-password");
    Files.writeString(password, database.access().password());
    Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
    List<Integer> grpcPorts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path home = home("o" + i);
      int http = freePort();
      int grpc = freePort();
      httpPorts.add(http);
      grpcPorts.add(grpc);
      Map<String, String> environment = new HashMap<>(settings);
      environment.put("MAYFLY_HOME", home.toString());
      environment.put("MAYFLY_HTTP_PORT", Integer.toString(http));
      environment.put("MAYFLY_GRPC_PORT", Integer.toString(grpc));
      environment.put("MAYFLY_DATABASE_URL", database.access().place());
      environment.put("MAYFLY_DATABASE_USER", database.access().user());
      environment.put("MAYFLY_DATABASE_PASSWORD_FILE", password.toString());
      Service service =
          new Service(
              "o" + i,
              "dev.mayfly.server.OrchestratorApplication",
              ORCHESTRATOR_HEAP_MIB,
              home.resolve("tmp"),
              environment,
              directory.resolve("o" + i + ".log"));
      service.start();
      orchestrators.add(service);
      int number = i;
      await("orchestrator " + i + " answers", START, () -> healthy(number));
    }
    this.grpcPorts = List.copyOf(grpcPorts);
  }

  private List<Integer> grpcPorts = List.of();

  private void startWorker(WorkerPlan plan, int number) throws IOException {
    Path home = home(plan.name());
    if (plan.images().isPresent()) {
      Files.createSymbolicLink(home.resolve("images"), plan.images().get());
    }
    CuttingProxy proxy = CuttingProxy.start(grpcPorts, number);
    proxies.add(proxy);
    Map<String, String> environment = new HashMap<>(plan.settings());
    environment.put("MAYFLY_HOME", home.toString());
    environment.put("MAYFLY_WORKER_NAME", plan.name());
    environment.put("MAYFLY_WORKER_ORCHESTRATOR", "127.0.0.1:" + proxy.port());
    environment.put(
        "MAYFLY_WORKER_TOKEN_FILE", directory.resolve("o0/secrets/worker-token").toString());
    environment.put("MAYFLY_WORKER_LABELS", plan.label() + ",host=" + plan.name());
    environment.putIfAbsent("MAYFLY_WORKER_ACCELERATOR", "tcg");
    environment.put("MAYFLY_WORKER_CPUS", Integer.toString(plan.offer().cpus()));
    environment.put("MAYFLY_WORKER_MEMORY_MIB", Integer.toString(plan.offer().memoryMib()));
    environment.put("MAYFLY_WORKER_SCRATCH_MIB", Integer.toString(plan.offer().scratchMib()));
    if (plan.loopback()) {
      environment.put("MAYFLY_WORKER_QEMU", LoopbackVmm.install(home).toString());
    }
    Service service =
        new Service(
            plan.name(),
            "dev.mayfly.worker.daemon.Main",
            WORKER_HEAP_MIB,
            home.resolve("tmp"),
            environment,
            directory.resolve(plan.name() + ".log"));
    service.start();
    workers.add(service);
  }

  private Path home(String name) throws IOException {
    Path home = Files.createDirectory(directory.resolve(name));
    Files.createDirectory(home.resolve("tmp"));
    return home;
  }

  public Path directory() {
    return directory;
  }

  public List<Service> orchestrators() {
    return List.copyOf(orchestrators);
  }

  public List<Service> workers() {
    return List.copyOf(workers);
  }

  public List<CuttingProxy> proxies() {
    return List.copyOf(proxies);
  }

  /** State directory of a worker. */
  public Path homeOf(Service worker) {
    return directory.resolve(worker.name());
  }

  /** Speaks to one orchestrator; short of patience, as the caller has another one to ask. */
  public MayflyClient client(int orchestrator) throws IOException {
    // Each orchestrator takes the token of every one.
    String token = Files.readString(directory.resolve("o0/secrets/api-token")).strip();
    return new MayflyClient(
        BaseUrl.parse("http://127.0.0.1:" + httpPorts.get(orchestrator)),
        () -> token,
        Timeouts.DEFAULT.withPatience(Duration.ofSeconds(2)));
  }

  /** Tells the orchestrators which bundle an image's name points to in the directory. */
  public void publish(Path images, String image) throws IOException, InterruptedException {
    BootBundle bundle =
        BundleStore.open(images)
            .find(image)
            .orElseThrow(() -> new IllegalStateException(image + " is not built"));
    client(0)
        .publish(
            new ImageRef(image),
            new ImagePublication(
                bundle.digest().toString(), bundle.manifest().architecture(), bundle.size()));
  }

  /** What a command printed and how it ended. */
  public record Finished(int code, String stdout, String stderr) {}

  /** Runs the mayfly command to its end, against one orchestrator. */
  public Finished mayfly(int orchestrator, String... arguments)
      throws IOException, InterruptedException {
    Path home = directory.resolve("o" + orchestrator);
    Path errors = Files.createTempFile(home.resolve("tmp"), "mayfly", ".err");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.mayfly.cli.Main"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder.environment().keySet().removeIf(key -> key.startsWith("MAYFLY_"));
    builder.environment().put("MAYFLY_HOME", home.toString());
    builder.environment().put("MAYFLY_URL", "http://127.0.0.1:" + httpPorts.get(orchestrator));
    builder
        .environment()
        .put("MAYFLY_TOKEN_FILE", directory.resolve("o0/secrets/api-token").toString());
    Process process = builder.start();
    String stdout = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Finished(process.waitFor(), stdout, Files.readString(errors));
  }

  private boolean healthy(int orchestrator) {
    try {
      client(orchestrator).checkHealth();
      return true;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Workers that an orchestrator sees online. */
  public long onlineWorkers() {
    try {
      return client(0).workers().stream().filter(worker -> worker.state().equals("ONLINE")).count();
    } catch (IOException notYet) {
      return 0;
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }

  /** Kills the database server and all its processes with SIGKILL, and starts it again. */
  public void crashDatabase() {
    ProcessHandle.of(database.processId())
        .ifPresent(server -> {
          List<ProcessHandle> all = new ArrayList<>(server.descendants().toList());
          server.destroyForcibly();
          all.forEach(ProcessHandle::destroyForcibly);
        });
    database.close();
    database = EmbeddedPostgres.start(databaseConfig);
  }

  /** Waits until something holds. */
  public void await(String what, Duration patience, BooleanSupplier holds)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException(
            what + ": not within " + patience.toSeconds() + " s; logs are in " + directory);
      }
      Thread.sleep(LOOK_AGAIN);
    }
  }

  /** Stops everything in order; what it kept on disk stays. Idempotent. */
  @Override
  public void close() throws InterruptedException, IOException {
    for (Service worker : workers) {
      worker.stop(STOP);
    }
    for (Service orchestrator : orchestrators) {
      orchestrator.stop(STOP);
    }
    for (CuttingProxy proxy : proxies) {
      proxy.close();
    }
    database.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
