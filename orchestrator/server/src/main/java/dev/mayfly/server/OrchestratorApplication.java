package dev.mayfly.server;

import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.db.DatabaseException;
import dev.mayfly.server.config.OrchestratorSettings;
import dev.mayfly.server.config.SettingsException;
import dev.mayfly.server.http.HttpConfiguration;
import dev.mayfly.server.persistence.PersistenceConfiguration;
import dev.mayfly.server.schedule.ScheduleConfiguration;
import dev.mayfly.server.security.SecurityConfiguration;
import dev.mayfly.server.workers.WorkersConfiguration;
import java.util.Map;
import java.util.stream.Collectors;
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
  ScheduleConfiguration.class
})
public class OrchestratorApplication {

  /** As sysexits.h has it. */
  private static final int EXIT_CONFIG = 78;

  private static final int EXIT_UNAVAILABLE = 69;

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
    } catch (DatabaseException | PortInUseException unavailable) {
      fail(unavailable, EXIT_UNAVAILABLE);
    }
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
