package dev.mayfly.cli;

import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;

/** Runs the command in this process. */
final class Shell {
  final CapturedOutput stdout = new CapturedOutput();
  final CapturedOutput stderr = new CapturedOutput();
  final ManualSignals signals = new ManualSignals();
  final Map<String, String> environment = new HashMap<>();
  InputStream input = InputStream.nullInputStream();

  int run(String... arguments) {
    Surroundings surroundings =
        new Surroundings(environment, name -> null, input, new Output(stdout, stderr), signals);
    return new Program(surroundings).run(arguments);
  }
}
