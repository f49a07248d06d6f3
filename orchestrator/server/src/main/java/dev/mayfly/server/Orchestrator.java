package dev.mayfly.server;

import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.db.Database;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.DatabaseConfig;
import dev.mayfly.db.Migrations;
import dev.mayfly.server.config.OrchestratorSettings;
import dev.mayfly.server.config.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/** A running orchestrator: its database, its application context, its run file. */
public final class Orchestrator implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Orchestrator.class);

  /** The same on all orchestrators of one database: they are one Quartz cluster. */
  private static final String SCHEDULER = "mayfly";

  private final Database database;
  private final ConfigurableApplicationContext context;
  private final RunFile runFile;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Orchestrator(Database database, ConfigurableApplicationContext context, RunFile runFile) {
    this.database = database;
    this.context = context;
    this.runFile = runFile;
  }

  /**
   * Starts the database, brings its schema up to date, and serves.
   *
   * @throws SettingsException when a setting, or what it names, cannot be used
   * @throws dev.mayfly.db.DatabaseException when the database cannot be had; also when another
   *     orchestrator already runs on this state directory's embedded one
   */
  public static Orchestrator start(OrchestratorSettings settings, LeasePolicy leases) {
    return start(settings, leases, SCHEDULER);
  }

  /**
   * As above; a test that runs two in one JVM names their schedulers apart, because Quartz keeps
   * their connections in a static map by that name.
   */
  static Orchestrator start(OrchestratorSettings settings, LeasePolicy leases, String scheduler) {
    createHome(settings.home());
    Database database =
        Database.open(
            DatabaseConfig.of(
                settings.databaseUrl(),
                settings.databaseUser(),
                settings.databasePasswordFile(),
                settings.home()));
    try {
      Migrations.apply(database.access().dataSource());
      ConfigurableApplicationContext context =
          serve(settings, leases, database.access(), scheduler);
      return ready(new Orchestrator(database, context, new RunFile(settings.home())));
    } catch (RuntimeException | Error failed) {
      database.close();
      throw failed;
    }
  }

  private static ConfigurableApplicationContext serve(
      OrchestratorSettings settings, LeasePolicy leases, DatabaseAccess access, String scheduler) {
    SpringApplication application = new SpringApplication(OrchestratorApplication.class);
    application.setBannerMode(Banner.Mode.OFF);
    // Ours stops the database after the context; Spring's would run beside it.
    application.setRegisterShutdownHook(false);
    application.setAddCommandLineProperties(false);
    application.setDefaultProperties(
        Map.of(
            "server.address", settings.httpAddress().getHostAddress(),
            "server.port", settings.httpPort(),
            "spring.grpc.server.address", settings.grpcAddress().getHostAddress(),
            "spring.grpc.server.port", settings.grpcPort(),
            "spring.quartz.scheduler-name", scheduler));
    application.addInitializers(context -> {
      GenericApplicationContext beans = (GenericApplicationContext) context;
      beans.registerBean(OrchestratorSettings.class, () -> settings);
      beans.registerBean(LeasePolicy.class, () -> leases);
      beans.registerBean(DatabaseAccess.class, () -> access);
    });
    return application.run();
  }

  private static Orchestrator ready(Orchestrator orchestrator) {
    try {
      orchestrator.runFile.write(orchestrator.httpPort(), orchestrator.grpcPort());
    } catch (IOException failed) {
      orchestrator.context.close();
      throw new SettingsException("Could not write the run file in mayfly.home", failed);
    }
    log.atInfo()
        .addKeyValue("http", orchestrator.httpPort())
        .addKeyValue("grpc", orchestrator.grpcPort())
        .addKeyValue("database", orchestrator.database.isEmbedded() ? "embedded" : "external")
        .log("Orchestrator ready");
    return orchestrator;
  }

  private static void createHome(Path home) {
    try {
      Files.createDirectories(
          home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException failed) {
      throw new SettingsException("Could not create mayfly.home " + home, failed);
    }
  }

  public int httpPort() {
    return Objects.requireNonNull(((WebServerApplicationContext) context).getWebServer()).getPort();
  }

  public int grpcPort() {
    return context.getBean(GrpcServerLifecycle.class).getPort();
  }

  /** For tests that look inside. */
  ConfigurableApplicationContext context() {
    return context;
  }

  /** Stops serving, finishes what is under way, stops the embedded database. Idempotent. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      runFile.remove();
    } catch (IOException failed) {
      log.atWarn().setCause(failed).log("Could not remove the run file");
    }
    context.close();
    database.close();
    log.atInfo().log("Orchestrator stopped");
  }
}
