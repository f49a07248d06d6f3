package dev.mayfly.server;

import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.db.DatabaseException;
import dev.mayfly.server.blobs.BlobsConfiguration;
import dev.mayfly.server.config.OrchestratorSettings;
import dev.mayfly.server.config.SettingsException;
import dev.mayfly.server.http.HttpConfiguration;
import dev.mayfly.server.http.ImageHttpConfiguration;
import dev.mayfly.server.http.SessionHttpConfiguration;
import dev.mayfly.server.persistence.PersistenceConfiguration;
import dev.mayfly.server.schedule.BuildScheduleConfiguration;
import dev.mayfly.server.schedule.ImageScheduleConfiguration;
import dev.mayfly.server.schedule.ScheduleConfiguration;
import dev.mayfly.server.schedule.SessionScheduleConfiguration;
import dev.mayfly.server.security.SecurityConfiguration;
import dev.mayfly.server.workers.BlobLinkConfiguration;
import dev.mayfly.server.workers.BuildLinkConfiguration;
import dev.mayfly.server.workers.WorkersConfiguration;
import java.net.BindException;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.grpc.server.autoconfigure.security.GrpcServerOAuth2ResourceServerAutoConfiguration;
import org.springframework.boot.grpc.server.autoconfigure.security.GrpcServerSecurityAutoConfiguration;
import org.springframework.boot.security.autoconfigure.UserDetailsServiceAutoConfiguration;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.webmvc.autoconfigure.error.ErrorMvcAutoConfiguration;
import org.springframework.context.annotation.Import;

/** The orchestrator's process. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration(
    exclude = {
      UserDetailsServiceAutoConfiguration.class,
      ErrorMvcAutoConfiguration.class,
      GrpcServerOAuth2ResourceServerAutoConfiguration.class,
      GrpcServerSecurityAutoConfiguration.class
    })
@Import({
  CoreConfiguration.class,
  PersistenceConfiguration.class,
  HttpConfiguration.class,
  WorkersConfiguration.class,
  SecurityConfiguration.class,
  ScheduleConfiguration.class,
  SessionHttpConfiguration.class,
  SessionScheduleConfiguration.class,
  BlobsConfiguration.class,
  ImageHttpConfiguration.class,
  BlobLinkConfiguration.class,
  ImageScheduleConfiguration.class,
  BuildLinkConfiguration.class,
  BuildScheduleConfiguration.class
})
public class OrchestratorApplication {

  /** As sysexits.h has it. */
  private static final int EXIT_CONFIG = 78;

  private static final int EXIT_UNAVAILABLE = 69;

  private static final int EXIT_SOFTWARE = 70;

  private static final Logger log = LoggerFactory.getLogger(OrchestratorApplication.class);

  OrchestratorApplication() {}

  /** Starts the orchestrator with settings from the environment and system properties. */
  public static void main(String[] arguments) {
    try {
      if (arguments.length > 0) {
        throw new SettingsException(
            "The orchestrator takes no arguments; see its settings in ops/docs/configuration.md.");
      }
      Map<String, String> properties =
          System.getProperties().stringPropertyNames().stream()
              .collect(Collectors.toMap(name -> name, System::getProperty));
      Orchestrator orchestrator =
          Orchestrator.start(
              OrchestratorSettings.read(System.getenv(), properties), LeasePolicy.DEFAULT);
      Runtime.getRuntime().addShutdownHook(new Thread(orchestrator::close, "shutdown"));
    } catch (SettingsException wrong) {
      fail(wrong, EXIT_CONFIG);
    } catch (DatabaseException unavailable) {
      fail(unavailable, EXIT_UNAVAILABLE);
    } catch (RuntimeException failed) {
      if (addressTaken(failed)) {
        fail(
            new SettingsException(
                "The port of mayfly.http.port or mayfly.grpc.port is taken by another process."
                    + " Stop that one, or set another port.",
                failed),
            EXIT_UNAVAILABLE);
      }
      log.atError().setCause(failed).log("Orchestrator could not start");
      System.exit(EXIT_SOFTWARE);
    }
  }

  private static boolean addressTaken(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      // Netty's own exception for it is of no public type.
      if (cause instanceof BindException
          || cause instanceof PortInUseException
          || String.valueOf(cause.getMessage()).contains("Address already in use")) {
        return true;
      }
    }
    return false;
  }

  private static void fail(Exception reason, int exitCode) {
    StringBuilder text = new StringBuilder("mayfly orchestrator: ").append(reason.getMessage());
    for (Throwable cause = reason.getCause(); cause != null; cause = cause.getCause()) {
      text.append("\n  because: ").append(cause.getMessage());
    }
    System.err.println(text);
    System.exit(exitCode);
  }
}
