package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.IdempotencyKey;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import dev.mayfly.client.RestJson;
import dev.mayfly.client.Submission;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Submits a job and, unless detached, follows it to its end. */
@Command(
    name = "run",
    description = "Run a command in a fresh microVM, show its log live, and exit as it does.",
    customSynopsis = "mayfly run --image NAME [OPTIONS] [-- COMMAND [ARGUMENT...]]",
    sortOptions = false)
final class RunCommand implements Callable<Integer> {
  private final Surroundings surroundings;
  private final Output output;

  @Mixin HelpOption help = new HelpOption();

  @Mixin JobOptions options = new JobOptions();

  @Option(
      names = {"-d", "--detach"},
      description = "print the id of the job and do not wait for it")
  boolean detach;

  @Option(
      names = "--json",
      description =
          "print the job as JSON on standard output, at its end or with --detach at once; its log"
              + " goes to standard error")
  boolean json;

  @Option(names = "--timings", description = "show where the time went, on standard error")
  boolean timings;

  @Option(
      names = "--idempotency-key",
      paramLabel = "KEY",
      description = "the same key never makes two jobs (default: a random one)")
  @Nullable String key;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "command and its arguments (default: what the image says)")
  List<String> command = new ArrayList<>();

  RunCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.output = surroundings.output();
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    JobRequest request = options.request(surroundings, command, null);
    IdempotencyKey idempotencyKey = idempotencyKey();
    MayflyClient client = new Connection(surroundings).client();
    Interruption interruption = new Interruption(client, output, surroundings.signals());
    if (!detach) {
      interruption.watch();
    }
    JobView job;
    try {
      job = submit(client, request, idempotencyKey);
    } catch (MayflyException | CommandFailed failure) {
      if (!interruption.happened()) {
        throw failure;
      }
      output.sayIfPossible(failure.getMessage());
      return ExitCode.INTERRUPTED.code();
    }
    if (detach) {
      output.print((json ? JsonWriter.write(RestJson.of(job)) : job.id()) + "\n");
      return ExitCode.OK.code();
    }
    interruption.jobIs(JobId.parse(job.id()));
    return follow(client, interruption, job);
  }

  private int follow(MayflyClient client, Interruption interruption, JobView submitted)
      throws CommandFailed, IOException, InterruptedException {
    JobView ended;
    try {
      ended = new JobRun(client, output, interruption).follow(submitted, json);
    } catch (MayflyException failure) {
      if (!interruption.happened()) {
        throw failure;
      }
      output.sayIfPossible(failure.getMessage());
      return ExitCode.INTERRUPTED.code();
    }
    if (timings) {
      output.printError(Tables.timings(ended));
    }
    if (json) {
      output.print(JsonWriter.write(RestJson.of(ended)) + "\n");
    }
    return interruption.happened() ? ExitCode.INTERRUPTED.code() : Outcomes.report(ended, output);
  }

  private JobView submit(MayflyClient client, JobRequest request, IdempotencyKey idempotencyKey)
      throws CommandFailed, MayflyException, InterruptedException {
    Submission submission;
    try {
      submission = client.submit(request, idempotencyKey);
    } catch (IllegalArgumentException notText) {
      throw new CommandFailed(ExitCode.USAGE, String.valueOf(notText.getMessage()));
    }
    return switch (submission) {
      case Submission.Accepted accepted -> accepted.job();
      case Submission.Refused refused -> throw CommandFailed.refused(refused.problem());
    };
  }

  private IdempotencyKey idempotencyKey() throws CommandFailed {
    if (key == null) {
      return IdempotencyKey.random();
    }
    try {
      return new IdempotencyKey(key);
    } catch (IllegalArgumentException wrong) {
      throw new CommandFailed(ExitCode.USAGE, "--idempotency-key: " + wrong.getMessage());
    }
  }
}
