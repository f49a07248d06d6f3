package dev.mayfly.core.job;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
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
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

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

  public static JobSpec spec(Shape shape) {
    return new JobSpec(
        DEBIAN,
        BUNDLE,
        List.of("sh", "-c", "echo \"ä\ttab\" {}\\,'"),
        new TreeMap<>(Map.of("TOKEN", "se,cret\n\"x\"", "EMPTY", "")),
        "/workspace",
        "",
        shape,
        NetworkMode.USER,
        Duration.ofHours(1));
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
        seen);
  }

  public static LogChunk chunk(long sequence, LogStream stream, String text, Instant at) {
    return new LogChunk(
        sequence, stream, at, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }
}
