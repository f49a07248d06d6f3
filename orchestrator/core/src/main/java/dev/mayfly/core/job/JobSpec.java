package dev.mayfly.core.job;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What was asked for, fixed at submission.
 *
 * @param demand what placement looks at; its bundle is what the image's name pointed to when the
 *     job was submitted, or when the image it waited for had been built
 * @param environment erased when the job ends: it may hold secrets
 * @param secrets names in the environment whose values must not appear in the log
 * @param workingDirectory absolute; empty: that of the image
 * @param user name or {@code uid[:gid]}; empty: that of the image
 */
public record JobSpec(
    Demand demand,
    Workload workload,
    SortedMap<String, String> environment,
    SortedSet<String> secrets,
    String workingDirectory,
    String user,
    NetworkMode network,
    JobLimits limits) {

  public JobSpec {
    environment = Collections.unmodifiableSortedMap(new TreeMap<>(environment));
    secrets = Collections.unmodifiableSortedSet(new TreeSet<>(secrets));
  }

  public ImageRef image() {
    return demand.image();
  }

  /** Empty as long as the image is still to be built. */
  public Optional<BundleDigest> bundle() {
    return demand.bundle();
  }

  public Shape shape() {
    return demand.shape();
  }

  /** The command of a batch; empty for a session, and for a batch that runs what its image says. */
  public List<String> command() {
    return switch (workload) {
      case Workload.Batch(List<String> command) -> command;
      case Workload.Session _ -> List.of();
    };
  }

  /** The same once the image it waits for is there. */
  public JobSpec with(BundleDigest built, String builtFor) {
    return new JobSpec(
        demand.with(built, builtFor),
        workload,
        environment,
        secrets,
        workingDirectory,
        user,
        network,
        limits);
  }

  JobSpec withoutEnvironment() {
    return environment.isEmpty() && secrets.isEmpty()
        ? this
        : new JobSpec(
            demand,
            workload,
            new TreeMap<>(Map.of()),
            new TreeSet<>(Set.of()),
            workingDirectory,
            user,
            network,
            limits);
  }

  /** Names the environment's variables only: their values may be secrets. */
  @Override
  public String toString() {
    return "JobSpec[" + demand.key() + ", " + environment.keySet() + "]";
  }
}
