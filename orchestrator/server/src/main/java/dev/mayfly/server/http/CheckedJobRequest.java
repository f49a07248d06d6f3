package dev.mayfly.server.http;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.Label;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.JobLimits;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.Workload;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** A request for a job whose every member is valid and present. */
record CheckedJobRequest(
    ImageRef image,
    Workload workload,
    EnvironmentCheck.Checked environment,
    String workingDirectory,
    String user,
    PlacementCheck.Checked placement,
    NetworkMode network,
    JobLimits limits) {

  JobSpec spec(Optional<Image> known) {
    SortedMap<String, String> all = new TreeMap<>(environment.environment());
    all.putAll(environment.secrets());
    return new JobSpec(
        new Demand(
            placement.project(),
            placement.priority(),
            image,
            known.map(Image::bundle),
            known.map(Image::architecture).orElse(""),
            placement.shape(),
            placement.labels()),
        workload,
        all,
        new TreeSet<>(environment.secrets().keySet()),
        workingDirectory,
        user,
        network,
        limits);
  }

  /** SHA-256 over all members, each with its length, so that no two requests read the same. */
  String fingerprint() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      List<String> command =
          workload instanceof Workload.Batch(List<String> argv) ? argv : List.of();
      add(digest, image.value(), Integer.toString(command.size()));
      command.forEach(argument -> add(digest, argument));
      add(digest, environment.environment());
      String directory = workingDirectory.isEmpty() ? DIRECTORY_BEFORE : workingDirectory;
      add(digest, directory, user, placement.shape().toString(), network.name());
      add(digest, Long.toString(limits.run().toSeconds()));
      List<String> further = further();
      // A key may outlive an upgrade: what could be asked for before reads as it did before.
      if (!further.equals(FURTHER_BEFORE) || !environment.secrets().isEmpty()) {
        further.forEach(member -> add(digest, member));
        add(digest, environment.secrets());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-256", impossible);
    }
  }

  /** Before images had a say in it, an absent directory was this one. */
  private static final String DIRECTORY_BEFORE = "/workspace";

  private static final List<String> FURTHER_BEFORE =
      List.of(
          "",
          ProjectName.DEFAULT.value(),
          Priority.NORMAL.name(),
          Duration.ofSeconds(JobRequest.DEFAULT_QUEUE_TIMEOUT_SECONDS).toString(),
          Integer.toString(JobRequest.DEFAULT_ATTEMPTS),
          Long.toString(JobRequest.DEFAULT_LOG_LIMIT_BYTES),
          "0");

  private List<String> further() {
    List<String> members = new ArrayList<>();
    members.add(
        switch (workload) {
          case Workload.Batch _ -> "";
          case Workload.Session(Duration idle, Duration lease) -> idle + " " + lease;
        });
    members.add(placement.project().value());
    members.add(placement.priority().name());
    members.add(limits.queue().toString());
    members.add(Integer.toString(limits.attempts()));
    members.add(Long.toString(limits.logBytes()));
    members.add(Integer.toString(placement.labels().size()));
    placement.labels().stream().map(Label::value).forEach(members::add);
    return members;
  }

  private static void add(MessageDigest digest, SortedMap<String, String> variables) {
    add(digest, Integer.toString(variables.size()));
    variables.forEach((name, value) -> add(digest, name, value));
  }

  private static void add(MessageDigest digest, String... fields) {
    for (String field : fields) {
      byte[] bytes = field.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
      digest.update(bytes);
    }
  }
}
