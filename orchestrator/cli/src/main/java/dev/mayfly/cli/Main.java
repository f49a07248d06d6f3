package dev.mayfly.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.channels.FileChannel;

/** The {@code mayfly} command's entry point; ends with one of {@link ExitCode} or the job's own. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    Output output = new Output(channel(FileDescriptor.out), channel(FileDescriptor.err));
    int code;
    try {
      String[] given = ProcessText.arguments(arguments);
      Surroundings surroundings =
          new Surroundings(
              ProcessText.environment(),
              System::getProperty,
              System.in,
              output,
              new ProcessSignals());
      code = new Program(surroundings).run(given);
    } catch (CommandFailed wrong) {
      output.sayIfPossible(wrong.getMessage());
      code = wrong.exitCode().code();
    }
    System.exit(code);
  }

  @SuppressWarnings("resource") // The process's own streams are closed by its end.
  private static FileChannel channel(FileDescriptor descriptor) {
    return new FileOutputStream(descriptor).getChannel();
  }
}
