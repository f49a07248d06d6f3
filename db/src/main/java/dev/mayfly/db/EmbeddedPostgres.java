package dev.mayfly.db;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real PostgreSQL server as a child of this process: durable, on 127.0.0.1 only, with a password,
 * and gone when this process is, however it ends.
 *
 * <p>Thread-safe. One at a time per directory, in all processes of the machine.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EmbeddedPostgres.class);

  /** Between our look for a free port and the server's use of it, somebody may take it. */
  private static final int PORT_ATTEMPTS = 5;

  /** Chosen for one small machine that runs other things too. */
  private static final Map<String, String> SETTINGS =
      Map.ofEntries(
          Map.entry("listen_addresses", "127.0.0.1"),
          // No socket file: its path may be 107 bytes long, and a home directory may be longer.
          Map.entry("unix_socket_directories", ""),
          Map.entry("fsync", "on"),
          Map.entry("shared_buffers", "64MB"),
          Map.entry("huge_pages", "off"),
          // Pools of 10 for several orchestrators, a LISTEN connection each, and a person's psql.
          Map.entry("max_connections", "60"),
          Map.entry("max_wal_size", "256MB"),
          Map.entry("dynamic_shared_memory_type", "mmap"),
          // Saves three worker processes; our reads come from memory.
          Map.entry("io_method", "sync"),
          Map.entry("max_parallel_workers_per_gather", "0"),
          Map.entry("timezone", "UTC"),
          Map.entry("log_timezone", "UTC"),
          Map.entry("log_destination", "stderr"),
          Map.entry("logging_collector", "off"),
          Map.entry("log_checkpoints", "off"),
          // What a statement says may be a user's secret; the exception carries it to its caller.
          Map.entry("log_min_error_statement", "panic"),
          Map.entry("log_error_verbosity", "terse"));

  private final LocalServer local;
  private final ServerProcess server;
  private final Undo undo;

  private EmbeddedPostgres(LocalServer local, ServerProcess server, Undo undo) {
    this.local = local;
    this.server = server;
    this.undo = undo;
  }

  /**
   * Starts the server and waits until Mayfly's database is there. The first time, this unpacks and
   * initializes. A start after a crash waits for the old server to end and recovers.
   *
   * @throws DatabaseException when it does not start; nothing is left running then
   */
  public static EmbeddedPostgres start(EmbeddedPostgresConfig config) {
    return start(config, ServerIdentity.kinds());
  }

  /** Likewise, as one of these kinds only. */
  static EmbeddedPostgres start(EmbeddedPostgresConfig config, List<ServerIdentity.Kind> kinds) {
    long begin = System.nanoTime();
    try (var undo = new Undo()) {
      var files = DataDirectory.create(config.directory());
      var lock = DirectoryLock.acquire(config.directory());
      undo.push("directory lock", lock::close);
      var binaries = PostgresBinaries.unpack(config.binaries());
      var parent = new ParentThread();
      undo.push("parent thread", parent::close);
      var identity =
          parent.call(() -> {
            var chosen = ServerIdentity.choose(config.directory(), binaries, kinds);
            files.prepare(chosen, binaries);
            return chosen;
          });
      var launched = launch(config, files, binaries, identity, parent, undo);
      var local = new LocalServer(files, launched.port());
      local.setUp();
      log.atInfo()
          .addKeyValue("version", binaries.version())
          .addKeyValue("port", launched.port())
          .addKeyValue("pid", launched.server().processId())
          .addKeyValue("identity", identity.kind())
          .addKeyValue("took", Duration.ofNanos(System.nanoTime() - begin))
          .log("The embedded PostgreSQL was started");
      return new EmbeddedPostgres(local, launched.server(), undo.handOver());
    }
  }

  private record Launched(ServerProcess server, int port) {}

  private static Launched launch(
      EmbeddedPostgresConfig config,
      DataDirectory files,
      PostgresBinaries binaries,
      ServerIdentity identity,
      ParentThread parent,
      Undo undo) {
    for (int attempt = 1; ; attempt++) {
      int port = config.port() == 0 ? freePort() : config.port();
      var program = new ArrayList<String>();
      program.add(binaries.program("postgres").toString());
      program.addAll(List.of("-D", files.data().toString()));
      var settings = new TreeMap<>(SETTINGS);
      settings.putAll(config.settings());
      settings.put("port", String.valueOf(port));
      settings.forEach((name, value) -> program.addAll(List.of("-c", name + "=" + value)));
      var arguments = identity.arguments(ServerIdentity.DeathSignal.INT, program);
      var server = parent.call(() -> ServerProcess.start(arguments, files.logFile()));
      undo.push("server", () -> server.stop(parent, config.stopTimeout()));
      if (server.awaitReady(config.startTimeout())) {
        return new Launched(server, port);
      }
      boolean late = server.isRunning();
      var words = server.lastWords();
      boolean portTaken = words.contains("Address already in use");
      if (!portTaken || config.port() != 0 || attempt == PORT_ATTEMPTS) {
        throw notStarted(config, port, late, portTaken, words);
      }
    }
  }

  private static DatabaseException notStarted(
      EmbeddedPostgresConfig config, int port, boolean late, boolean portTaken, String words) {
    var known = FileTrouble.known(config.directory(), words);
    if (known != null) {
      return new DatabaseException(known);
    }
    if (portTaken) {
      return new DatabaseException(
          "Port " + port + " on 127.0.0.1, meant for the embedded PostgreSQL, is in use.");
    }
    return new DatabaseException(
        late
            ? "The embedded PostgreSQL was not ready within "
                + config.startTimeout().toSeconds()
                + " s; its log is in "
                + config.directory()
                + "."
            : "The embedded PostgreSQL did not start: " + DataDirectory.errors(words));
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new DatabaseException("There is no free port on 127.0.0.1.", e);
    }
  }

  /** Mayfly's own database, with a role that owns it and has no other right. */
  public DatabaseAccess access() {
    return local.owner();
  }

  /** As the superuser, in a database of this server. */
  DatabaseAccess superuser(String database) {
    return local.superuser(database);
  }

  public int port() {
    return local.port();
  }

  /** The server's process, for a person who looks for it. */
  public long processId() {
    return server.processId();
  }

  /** Whether the server lives; it may have been killed by somebody else. */
  public boolean isRunning() {
    return server.isRunning();
  }

  /** Stops the server in order: open transactions are rolled back. Idempotent; waits. */
  @Override
  public void close() {
    synchronized (undo) {
      undo.close();
    }
  }
}
