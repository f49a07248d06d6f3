package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.FollowRequest;
import dev.mayfly.client.LogSlice;
import dev.mayfly.client.MayflyClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints the log of a job. */
@Command(
    name = "logs",
    description = "Show the log of a job so far, or with -f until the job ends.",
    sortOptions = false)
final class LogsCommand implements Callable<Integer> {
  /** Bounds our memory; larger ones save nothing. */
  private static final int SLICE_BYTES = 1024 * 1024;

  /** A stored log comes without pauses; after one this long, what follows is being written now. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  private final Surroundings surroundings;
  private final Output output;

  @Mixin HelpOption help = new HelpOption();

  @Option(
      names = {"-f", "--follow"},
      description = "go on until the job ends")
  boolean follow;

  @Option(
      names = "--stream",
      split = ",",
      paramLabel = "STREAM",
      description = "only these: stdout, stderr, system, console; comma-separated")
  List<String> streams = new ArrayList<>();

  @Option(
      names = "--attempt",
      paramLabel = "N",
      description = "only the log of that attempt (default: the last one and those that follow)")
  @Nullable Integer attempt;

  @Parameters(paramLabel = "ID", converter = JobArgument.class, description = "id of the job")
  @Nullable JobId id;

  LogsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.output = surroundings.output();
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    Set<LogStream> wanted = wanted();
    MayflyClient client = new Connection(surroundings).client();
    JobId job = Objects.requireNonNull(id);
    JobView view = JobArgument.find(client, job);
    if (follow || view.state().equals(JobState.FINISHED.name())) {
      print(client, new FollowRequest(job, wanted, null, null, attempt));
    } else if (wanted.size() == 1) {
      printSlices(client, job, wanted);
    } else {
      print(client, new FollowRequest(job, wanted, null, QUIET, attempt));
    }
    return ExitCode.OK.code();
  }

  private void print(MayflyClient client, FollowRequest request)
      throws IOException, InterruptedException {
    LogPrinter printer = new LogPrinter(output, false, () -> {});
    client.follow(request, printer);
    printer.finish();
  }

  /** The stored log of one stream, which needs no telling apart. */
  private void printSlices(MayflyClient client, JobId job, Set<LogStream> stream)
      throws IOException, InterruptedException {
    String cursor = null;
    while (true) {
      LogSlice slice = client.log(job, attempt, stream, cursor, SLICE_BYTES);
      if (stream.contains(LogStream.STDOUT)) {
        output.stdout(slice.bytes());
      } else {
        output.stderr(slice.bytes());
      }
      boolean stuck = slice.nextCursor().equals(cursor);
      if (slice.complete() || slice.bytes().length == 0 || stuck) {
        return;
      }
      cursor = slice.nextCursor();
    }
  }

  private Set<LogStream> wanted() throws CommandFailed {
    Set<LogStream> wanted = EnumSet.noneOf(LogStream.class);
    for (String name : streams) {
      wanted.add(
          switch (name.toLowerCase(Locale.ROOT)) {
            case "stdout" -> LogStream.STDOUT;
            case "stderr" -> LogStream.STDERR;
            case "system" -> LogStream.SYSTEM;
            case "console" -> LogStream.CONSOLE;
            default ->
                throw new CommandFailed(
                    ExitCode.USAGE,
                    "--stream is stdout, stderr, system or console, comma-separated");
          });
    }
    return wanted;
  }
}
