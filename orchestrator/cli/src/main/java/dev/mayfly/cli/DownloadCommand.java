package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.Session;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Packs files of a session into a tar stream. */
@Command(
    name = "download",
    description = {
      "Write a tar stream of a file or directory of a session to standard output:",
      "  mayfly download ID /workspace/target | tar -x"
    },
    sortOptions = false)
final class DownloadCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Parameters(
      index = "0",
      paramLabel = "ID",
      converter = JobArgument.class,
      description = "id of the session's job")
  @Nullable JobId id;

  @Parameters(index = "1", paramLabel = "PATH", description = "absolute path in the guest")
  String path = "";

  DownloadCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    try (Session session =
        new Connection(surroundings).client().session(Objects.requireNonNull(id))) {
      session.download(path, new ToStdout(surroundings.output()));
    } catch (MayflyException | OutputClosed known) {
      throw known;
    } catch (IOException broken) {
      throw new CommandFailed(
          ExitCode.FAULT, "the download broke, what came is not whole: " + broken.getMessage());
    }
    return ExitCode.OK.code();
  }

  private static final class ToStdout extends OutputStream {
    private final Output output;

    ToStdout(Output output) {
      this.output = output;
    }

    @Override
    public void write(int value) throws IOException {
      output.stdout(new byte[] {(byte) value});
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      output.stdout(Arrays.copyOfRange(bytes, offset, offset + length));
    }
  }
}
