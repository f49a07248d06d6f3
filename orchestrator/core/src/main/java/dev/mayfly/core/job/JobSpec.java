package dev.mayfly.core.job;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What was asked for, fixed at submission.
 *
 * @param bundle what the image's name pointed to when the job was submitted
 * @param environment erased when the job ends: it may hold secrets
 * @param user name or {@code uid[:gid]}; empty: root
 * @param timeout limit of the run; the worker enforces it
 */
public record JobSpec(
    ImageRef image,
    BundleDigest bundle,
    List<String> command,
    SortedMap<String, String> environment,
    String workingDirectory,
    String user,
    Shape shape,
    NetworkMode network,
    Duration timeout) {

  public JobSpec {
    command = List.copyOf(command);
    environment = Collections.unmodifiableSortedMap(new TreeMap<>(environment));
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command is empty");
    }
    if (!timeout.isPositive()) {
      throw new IllegalArgumentException("timeout is not positive");
    }
  }

  JobSpec withoutEnvironment() {
    return environment.isEmpty()
        ? this
        : new JobSpec(
            image,
            bundle,
            command,
            new TreeMap<>(Map.of()),
            workingDirectory,
            user,
            shape,
            network,
            timeout);
  }

  /** Names the environment's variables only: their values may be secrets. */
  @Override
  public String toString() {
    return "JobSpec[" + image + ", " + bundle + ", " + shape + ", " + environment.keySet() + "]";
  }
}
