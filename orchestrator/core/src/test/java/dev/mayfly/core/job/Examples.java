package dev.mayfly.core.job;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.Label;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.log.LogChunk;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;

/** Valid values for tests. */
public final class Examples {
  public static final ImageRef DEBIAN = new ImageRef("debian:12");
  public static final BundleDigest BUNDLE = new BundleDigest("sha256:" + "a".repeat(64));
  public static final BundleDigest OTHER_BUNDLE = new BundleDigest("sha256:" + "b".repeat(64));
  public static final Instant NOON = Instant.parse("2026-11-21T12:00:00.123456Z");
  private static final JobIds IDS = new JobIds(InstantSource.system(), new Random());

  private Examples() {}

  public static Image image(Instant at) {
    return new Image(DEBIAN, BUNDLE, "x86_64", 1_000_000, at);
  }

  public static final ProjectName CI = new ProjectName("ci");
  public static final JobLimits LIMITS =
      new JobLimits(Duration.ofHours(1), Duration.ofHours(24), 3, 1_000_000);
  public static final Workload.Batch BATCH =
      new Workload.Batch(List.of("sh", "-c", "echo \"ä\ttab\" {}\\,'"));
  public static final Workload.Session SESSION =
      new Workload.Session(Duration.ofMinutes(10), Duration.ofMinutes(1));

  public static Demand demand(
      ProjectName project, Priority priority, Shape shape, String... labels) {
    return new Demand(
        project,
        priority,
        DEBIAN,
        Optional.of(BUNDLE),
        "x86_64",
        shape,
        new TreeSet<>(Stream.of(labels).map(Label::new).toList()));
  }

  /** Of jobs whose image is still to be built. */
  public static Demand awaiting(ImageRef image) {
    return new Demand(
        CI, Priority.NORMAL, image, Optional.empty(), "", Shape.DEFAULT, new TreeSet<>());
  }

  public static Demand demand(Shape shape, String... labels) {
    return demand(CI, Priority.NORMAL, shape, labels);
  }

  public static JobSpec spec(Demand demand, Workload workload, JobLimits limits) {
    return new JobSpec(
        demand,
        workload,
        new TreeMap<>(Map.of("TOKEN", "se,cret\n\"x\"", "EMPTY", "")),
        new TreeSet<>(Set.of("TOKEN")),
        "/workspace",
        "",
        NetworkMode.USER,
        limits);
  }

  public static JobSpec spec(Shape shape) {
    return spec(demand(shape, "zone=north"), BATCH, LIMITS);
  }

  public static JobSpec spec() {
    return spec(Shape.DEFAULT);
  }

  public static Job job(Instant at) {
    return Job.submitted(IDS.next(), spec(), at);
  }

  public static Job job(Instant at, Shape shape) {
    return Job.submitted(IDS.next(), spec(shape), at);
  }

  public static Job job(Instant at, JobSpec spec) {
    return Job.submitted(IDS.next(), spec, at);
  }

  public static Job job(Instant at, Demand demand) {
    return job(at, spec(demand, BATCH, LIMITS));
  }

  public static Job session(Instant at) {
    return job(at, spec(demand(Shape.DEFAULT), SESSION, LIMITS));
  }

  public static JobId id() {
    return IDS.next();
  }

  public static Worker worker(String name, Instant seen) {
    return worker(name, new Capacity(4, 8192, 40960), seen);
  }

  public static Worker worker(String name, Capacity capacity, Instant seen) {
    return new Worker(
        new WorkerId(UUID.randomUUID()),
        name,
        WorkerState.ONLINE,
        "0.1",
        "x86_64",
        "6.1.0",
        capacity,
        List.of(
            new Vmm("qemu", "7.2", "kvm", false, "no /dev/kvm"),
            new Vmm("qemu", "7.2", "tcg", true, "answers")),
        Set.of(BUNDLE),
        Set.of(new Label("zone=north"), new Label("pool=default")),
        WorkerPoolName.DEFAULT,
        true,
        new Duty.Accepting(),
        seen);
  }

  public static LogChunk chunk(long sequence, LogStream stream, String text, Instant at) {
    return new LogChunk(
        sequence, stream, at, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }
}
