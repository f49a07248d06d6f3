package dev.mayfly.server.http;

import dev.mayfly.core.exec.ExecSpec;
import dev.mayfly.core.job.Workload;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A request for an exec whose every member is valid.
 *
 * @param job what it has in common with a job
 * @param ownDirectory whether it named a directory; else it is in that of the job
 * @param ownTimeout whether it named a limit; else only that of the job holds
 */
record CheckedExecRequest(
    CheckedJobRequest job, boolean ownDirectory, boolean ownTimeout, boolean stdin) {

  ExecSpec.Command spec() {
    SortedMap<String, String> all = new TreeMap<>(job.environment().environment());
    all.putAll(job.environment().secrets());
    return new ExecSpec.Command(
        command(),
        all,
        new TreeSet<>(job.environment().secrets().keySet()),
        ownDirectory ? job.workingDirectory() : "",
        job.user(),
        stdin,
        ownTimeout ? job.limits().run() : null);
  }

  private List<String> command() {
    return switch (job.workload()) {
      case Workload.Batch(List<String> command) -> command;
      case Workload.Session _ -> throw new IllegalStateException("an exec is no session");
    };
  }

  /** No two requests have the same. */
  String fingerprint() {
    return job.fingerprint() + ownDirectory + ownTimeout + stdin;
  }
}
