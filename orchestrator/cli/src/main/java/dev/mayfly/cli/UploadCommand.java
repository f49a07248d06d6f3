package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.client.Session;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Unpacks a tar stream in a session. */
@Command(
    name = "upload",
    description = {
      "Unpack the tar stream on standard input in a session:",
      "  tar -c -C src . | mayfly upload ID /workspace"
    },
    sortOptions = false)
final class UploadCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Parameters(
      index = "0",
      paramLabel = "ID",
      converter = JobArgument.class,
      description = "id of the session's job")
  @Nullable JobId id;

  @Parameters(
      index = "1",
      paramLabel = "DIR",
      description = "directory in the guest, absolute, made when absent")
  String directory = "";

  UploadCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    try (Session session =
        new Connection(surroundings).client().session(Objects.requireNonNull(id))) {
      session.upload(directory, surroundings.input());
    }
    return ExitCode.OK.code();
  }
}
