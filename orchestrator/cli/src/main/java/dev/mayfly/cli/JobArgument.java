package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the id of a job. */
final class JobArgument implements ITypeConverter<JobId> {

  @Override
  public JobId convert(String text) {
    try {
      return JobId.parse(text);
    } catch (IllegalArgumentException wrong) {
      throw new TypeConversionException(
          "'" + text + "' is not the id of a job; mayfly ps -a shows them");
    }
  }

  static JobView find(MayflyClient client, JobId id)
      throws CommandFailed, MayflyException, InterruptedException {
    return client.job(id).orElseThrow(() -> none(id));
  }

  static CommandFailed none(JobId id) {
    return new CommandFailed(ExitCode.REFUSED, "there is no job " + id);
  }
}
