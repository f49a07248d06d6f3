package dev.mayfly.it.chaos;

import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.AttemptView;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.OutcomeView;
import dev.mayfly.client.JobFilter;
import dev.mayfly.client.LogSlice;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What came of the jobs.
 *
 * @param attempts of all jobs together
 * @param lost jobs that were accepted and did not end as they must
 * @param duplicated jobs that exist more often than they were asked for, or ran to their end twice
 * @param logBytes that had to be there
 * @param logBytesWrong of these, bytes that were missing, doubled or wrong
 * @param complaints one line for each thing that is wrong
 */
record Verdict(
    int jobs,
    int attempts,
    int lost,
    int duplicated,
    long logBytes,
    long logBytesWrong,
    List<String> complaints) {

  private static final int SLICE_BYTES = 4 << 20;
  private static final int PAGE = 200;

  /** Looks at every job; all of them have had time to end. */
  static Verdict of(MayflyClient client, Map<JobId, Expectation> accepted)
      throws MayflyException, InterruptedException {
    List<String> complaints = new ArrayList<>();
    int attempts = 0;
    int lost = 0;
    int duplicated = 0;
    long bytes = 0;
    long wrong = 0;
    for (Map.Entry<JobId, Expectation> entry : accepted.entrySet()) {
      JobId id = entry.getKey();
      Expectation expected = entry.getValue();
      JobView job = client.job(id).orElse(null);
      if (job == null || !endedAsExpected(job.outcome(), expected)) {
        lost++;
        complaints.add("lost: " + expected.key() + " is " + (job == null ? "gone" : job));
        continue;
      }
      List<AttemptView> tries = client.attempts(id).orElseThrow();
      attempts += tries.size();
      long succeeded = tries.stream().filter(Verdict::exited).count();
      if (succeeded != 1) {
        duplicated++;
        complaints.add(expected.key() + " ran to its end " + succeeded + " times: " + tries);
      }
      byte[] output = output(client, id, tries.size());
      bytes += expected.output().length;
      if (!Arrays.equals(output, expected.output())) {
        wrong += difference(output, expected.output());
        complaints.add(
            "log of "
                + expected.key()
                + ", job "
                + id
                + ": "
                + output.length
                + " bytes instead of "
                + expected.output().length
                + ", first difference at byte "
                + Arrays.mismatch(output, expected.output()));
      }
    }
    int extra = countJobs(client) - accepted.size();
    if (extra != 0) {
      duplicated += Math.abs(extra);
      complaints.add("there are " + extra + " jobs more than were accepted");
    }
    return new Verdict(
        accepted.size(), attempts, lost, duplicated, bytes, wrong, List.copyOf(complaints));
  }

  boolean clean() {
    return lost == 0 && duplicated == 0 && logBytesWrong == 0;
  }

  private static boolean endedAsExpected(@Nullable OutcomeView outcome, Expectation expected) {
    return outcome != null
        && outcome.kind().equals("EXITED")
        && outcome.exitCode() != null
        && outcome.exitCode() == expected.exitCode();
  }

  private static boolean exited(AttemptView attempt) {
    return attempt.outcome() != null && attempt.outcome().kind().equals("EXITED");
  }

  private static byte[] output(MayflyClient client, JobId id, int attempt)
      throws MayflyException, InterruptedException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    String cursor = attempt + "-1-0";
    while (true) {
      LogSlice slice = client.log(id, Set.of(LogStream.STDOUT), cursor, SLICE_BYTES);
      output.writeBytes(slice.bytes());
      if (slice.complete() || slice.nextCursor().equals(cursor)) {
        return output.toByteArray();
      }
      cursor = slice.nextCursor();
    }
  }

  private static long difference(byte[] found, byte[] expected) {
    int same = Math.max(0, Arrays.mismatch(found, expected));
    return Math.max(found.length, expected.length) - same;
  }

  private static int countJobs(MayflyClient client) throws MayflyException, InterruptedException {
    Map<String, JobView> all = new HashMap<>();
    String cursor = null;
    do {
      var page = client.jobs(new JobFilter(null, null, null, PAGE, cursor));
      page.items().forEach(job -> all.put(job.id(), job));
      cursor = page.next();
    } while (cursor != null);
    return all.size();
  }
}
