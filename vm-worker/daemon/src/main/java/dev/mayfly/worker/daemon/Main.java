package dev.mayfly.worker.daemon;

import dev.mayfly.worker.daemon.config.ConfigException;
import dev.mayfly.worker.daemon.config.WorkerConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's entry. Without arguments it runs until SIGTERM or SIGINT; {@code doctor} says for
 * people, {@code probe} as JSON, what works on this host.
 *
 * <p>Exit codes: 0 done; 1 something needed is missing, or the worker could not start; 2 wrong
 * arguments or settings; 3 another worker has this state directory.
 */
public final class Main {
  static final int MISSING = 1;
  static final int WRONG_USE = 2;
  static final int TAKEN = 3;

  private static final Logger log = LoggerFactory.getLogger(Main.class);

  private Main() {}

  public static void main(String[] arguments) {
    int code = run(arguments, System.out, System.err);
    if (code != 0) {
      System.exit(code);
    }
  }

  private static int run(String[] arguments, PrintStream out, PrintStream err) {
    try {
      var command = arguments.length == 0 ? "run" : arguments[0];
      if (arguments.length > 1) {
        return wrongUse(err, "too many arguments");
      }
      var config = WorkerConfig.read(System.getenv(), properties(), LinuxReadings::facts);
      return switch (command) {
        case "run" -> work(config, out, err);
        case "doctor" -> {
          var report = Wiring.inspect(config);
          report.lines().forEach(out::println);
          yield report.missing().isEmpty() ? 0 : MISSING;
        }
        case "probe" -> {
          var report = Wiring.inspect(config);
          out.println(report.json());
          yield report.missing().isEmpty() ? 0 : MISSING;
        }
        default -> wrongUse(err, "unknown command " + command);
      };
    } catch (ConfigException wrong) {
      err.println("mayfly-worker: " + wrong.getMessage());
      return WRONG_USE;
    } catch (IOException failure) {
      err.println("mayfly-worker: " + failure.getMessage());
      log.atError().setCause(failure).log("Worker could not start");
      return MISSING;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return MISSING;
    }
  }

  private static int work(WorkerConfig config, PrintStream out, PrintStream err)
      throws IOException, InterruptedException {
    var claimed = WorkerHome.claim(config.workerDirectory());
    if (claimed.isEmpty()) {
      err.println("mayfly-worker: another worker runs with " + config.home());
      return TAKEN;
    }
    try (var home = claimed.get();
        var wiring = Wiring.wire(config, home, out::println)) {
      var stopped = new CountDownLatch(1);
      var process = wiring.process();
      // The JVM ends when the hooks have returned, whatever the main thread still does.
      Runtime.getRuntime()
          .addShutdownHook(
              Thread.ofPlatform()
                  .name("shutdown")
                  .unstarted(() -> {
                    try {
                      process.stop("the worker was asked to stop");
                      wiring.close();
                    } catch (InterruptedException interrupted) {
                      Thread.currentThread().interrupt();
                    } finally {
                      stopped.countDown();
                    }
                  }));
      process.start();
      stopped.await();
      return 0;
    }
  }

  private static int wrongUse(PrintStream err, String what) {
    err.println("mayfly-worker: " + what);
    err.println("usage: mayfly-worker [doctor | probe]");
    return WRONG_USE;
  }

  private static Map<String, String> properties() {
    var properties = new HashMap<String, String>();
    for (var name : System.getProperties().stringPropertyNames()) {
      properties.put(name, System.getProperty(name, ""));
    }
    return properties;
  }
}
