package dev.mayfly.server.workers;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.Label;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.Capacity;
import dev.mayfly.api.worker.v1.EndAttempt;
import dev.mayfly.api.worker.v1.EndReason;
import dev.mayfly.api.worker.v1.EnvironmentVariable;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.Network;
import dev.mayfly.api.worker.v1.PhaseTime;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.Shape;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.EndRequest;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.Workload;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Translates between the wire and the domain; every field of a worker's message is checked. */
final class WireCodec {
  private static final String POOL_LABEL = "pool=";
  private static final Pattern NAME = Pattern.compile("[a-z0-9.-]{1,63}");
  private static final Set<String> ARCHITECTURES = Set.of("x86_64", "aarch64");
  private static final int MAX_TEXT = 200;
  private static final int MAX_REASON = 500;
  private static final int MAX_DETAIL = 2000;
  private static final int MAX_VMMS = 32;
  private static final int MAX_BUNDLES = 10_000;
  private static final int MIN_SECRET_BYTES = 4;
  private static final int MAX_CLAIMS = 10_000;
  private static final int NANOS_PER_MICRO = 1000;

  /** Worker's phases, as far as it may report them. */
  private static final Set<Phase> REPORTED =
      Set.of(
          Phase.PREPARED, Phase.BOOTED, Phase.READY, Phase.EXECUTING, Phase.ENDED, Phase.DESTROYED);

  private WireCodec() {}

  /** As it says of itself; its state and duty are for the store to know. */
  static Worker worker(Register message, WorkerState state, Instant now) {
    if (!NAME.matcher(message.getName()).matches()) {
      throw new InvalidMessageException("name", "must be 1 to 63 characters of [a-z0-9.-]");
    }
    if (!ARCHITECTURES.contains(message.getArchitecture())) {
      throw new InvalidMessageException("architecture", "must be x86_64 or aarch64");
    }
    if (message.getVmmsCount() > MAX_VMMS) {
      throw new InvalidMessageException("vmms", "has more than " + MAX_VMMS);
    }
    WorkerPoolName pool = pool(message.getPool());
    return new Worker(
        workerId(message),
        message.getName(),
        state,
        text(message.getVersion(), MAX_TEXT),
        message.getArchitecture(),
        text(message.getHostKernel(), MAX_TEXT),
        capacity(message.getCapacity()),
        message.getVmmsList().stream().map(WireCodec::vmm).toList(),
        bundles(message.getBundleDigestsList()),
        labels(message, pool),
        pool,
        message.getBuilder(),
        new Duty.Accepting(),
        now);
  }

  static WorkerId workerId(Register message) {
    return parse("worker_id", message.getWorkerId(), WorkerId::parse);
  }

  private static WorkerPoolName pool(String name) {
    return name.isEmpty() ? WorkerPoolName.DEFAULT : parse("pool", name, WorkerPoolName::new);
  }

  /** What it says, and its pool. */
  private static Set<Label> labels(Register message, WorkerPoolName pool) {
    if (message.getLabelsCount() > Label.MAX_LABELS) {
      throw new InvalidMessageException("labels", "has more than " + Label.MAX_LABELS);
    }
    Set<Label> labels = new HashSet<>();
    message.getLabelsList().forEach(label -> labels.add(parse("labels", label, Label::new)));
    String place = POOL_LABEL + pool.value();
    if (place.length() <= Label.MAX_LENGTH) {
      labels.add(new Label(place));
    }
    return labels;
  }

  private static dev.mayfly.core.fleet.Capacity capacity(Capacity capacity) {
    if (capacity.getCpus() < 0 || capacity.getMemoryMib() < 0 || capacity.getScratchMib() < 0) {
      throw new InvalidMessageException("capacity", "is larger than any machine");
    }
    return new dev.mayfly.core.fleet.Capacity(
        capacity.getCpus(), capacity.getMemoryMib(), capacity.getScratchMib());
  }

  private static Vmm vmm(dev.mayfly.api.worker.v1.Vmm vmm) {
    return new Vmm(
        text(vmm.getName(), MAX_TEXT),
        text(vmm.getVersion(), MAX_TEXT),
        text(vmm.getAccelerator(), MAX_TEXT),
        vmm.getUsable(),
        text(vmm.getReason(), MAX_REASON));
  }

  static Set<BundleDigest> bundles(List<String> digests) {
    if (digests.size() > MAX_BUNDLES) {
      throw new InvalidMessageException("bundle_digests", "has more than " + MAX_BUNDLES);
    }
    return digests.stream()
        .map(digest -> parse("bundle_digests", digest, BundleDigest::new))
        .collect(Collectors.toSet());
  }

  static List<JobStore.Claim> claims(List<AttemptRef> refs) {
    if (refs.size() > MAX_CLAIMS) {
      throw new InvalidMessageException("running_attempts", "has more than " + MAX_CLAIMS);
    }
    return refs.stream().map(WireCodec::claim).toList();
  }

  static JobStore.Claim claim(AttemptRef ref) {
    JobId job = parse("attempt.job_id", ref.getJobId(), JobId::parse);
    try {
      return new JobStore.Claim(
          new AttemptId(job, ref.getAttemptNumber()), new LeaseEpoch(ref.getLeaseEpoch()));
    } catch (IllegalArgumentException invalid) {
      throw new InvalidMessageException("attempt", String.valueOf(invalid.getMessage()), invalid);
    }
  }

  static AttemptRef ref(JobStore.Claim claim) {
    return AttemptRef.newBuilder()
        .setJobId(claim.attempt().job().toString())
        .setAttemptNumber(claim.attempt().number())
        .setLeaseEpoch(claim.epoch().value())
        .build();
  }

  /**
   * What is to be done.
   *
   * @param left of the lease; at least a microsecond
   * @param handled which message of the worker had been handled when that much was left: 0
   *     Register, n the n-th Heartbeat
   */
  static Assignment.Builder assignment(Job job, JobStore.Claim claim, Duration left, int handled) {
    JobSpec spec = job.spec();
    return Assignment.newBuilder()
        .setAttempt(ref(claim))
        .setBundleDigest(spec.bundle().orElseThrow().value())
        .setImage(spec.image().value())
        .setShape(
            Shape.newBuilder()
                .setCpus(spec.shape().cpus())
                .setMemoryMib(spec.shape().memoryMib())
                .setScratchMib(spec.shape().scratchMib()))
        .addAllCommand(spec.command())
        .addAllEnvironment(
            spec.environment().entrySet().stream()
                .map(entry ->
                    EnvironmentVariable.newBuilder()
                        .setName(entry.getKey())
                        .setValue(entry.getValue())
                        .build())
                .toList())
        .setWorkingDirectory(spec.workingDirectory())
        .setUser(spec.user())
        .setTimeoutSeconds(Math.toIntExact(spec.limits().run().toSeconds()))
        .setLogLimitBytes(spec.limits().logBytes())
        .setLeaseLeftMicros(left.toNanos() / NANOS_PER_MICRO)
        .setLeaseFromMessage(handled)
        .addAllSecrets(secrets(spec))
        .setSession(spec.workload() instanceof Workload.Session)
        .setIdleSeconds(
            spec.workload() instanceof Workload.Session(Duration idle, var _)
                ? Math.toIntExact(idle.toSeconds())
                : 0)
        .setNetwork(
            spec.network() == NetworkMode.NONE ? Network.NETWORK_NONE : Network.NETWORK_USER);
  }

  /** Values too short to be told from ordinary text are not masked. */
  private static List<String> secrets(JobSpec spec) {
    return spec.secrets().stream()
        .map(name -> spec.environment().getOrDefault(name, ""))
        .filter(value -> value.getBytes(StandardCharsets.UTF_8).length >= MIN_SECRET_BYTES)
        .toList();
  }

  static EndAttempt end(JobStore.Claim claim, EndRequest request) {
    EndAttempt.Builder end = EndAttempt.newBuilder().setAttempt(ref(claim));
    return switch (request) {
      case EndRequest.Cancel _ -> end.setReason(EndReason.END_REASON_CANCELLED).build();
      case EndRequest.Release(int exitCode) ->
          end.setReason(EndReason.END_REASON_RELEASED).setExitCode(exitCode).build();
      case EndRequest.Abandon _ -> end.setReason(EndReason.END_REASON_ABANDONED).build();
    };
  }

  static AttemptEvent.Reported report(AttemptReport message, Instant now) {
    if (message.getReportNumber() < 1) {
      throw new InvalidMessageException("report_number", "must be at least 1");
    }
    AttemptEvent.Change change =
        switch (message.getEventCase()) {
          case PREPARING -> new AttemptEvent.Change.Preparing();
          case RUNNING ->
              new AttemptEvent.Change.Running(
                  text(message.getRunning().getVmm(), MAX_TEXT),
                  text(message.getRunning().getGuestKernel(), MAX_TEXT));
          case FINISHED -> finished(message.getFinished(), now);
          case EXEC_STARTED, EXEC_ENDED ->
              throw new InvalidMessageException("event", "is about an exec");
          case EVENT_NOT_SET -> throw new InvalidMessageException("event", "is missing");
        };
    return new AttemptEvent.Reported(
        message.getReportNumber(), phases(message.getPhasesList()), change);
  }

  private static AttemptEvent.Change finished(Finished finished, Instant now) {
    if (finished.getLogChunks() < 0 || finished.getPeakMemoryKib() < 0) {
      throw new InvalidMessageException("finished", "holds a number beyond 2^63");
    }
    return new AttemptEvent.Change.Finished(
        outcome(finished), finished.getLogChunks(), finished.getPeakMemoryKib(), now);
  }

  private static Outcome outcome(Finished finished) {
    return switch (finished.getOutcomeCase()) {
      case EXITED ->
          parse("finished.exited.code", finished.getExited().getCode(), Outcome.Exited::new);
      case FAULTED ->
          new Outcome.Faulted(
              faultCode("finished.faulted.code", finished.getFaulted().getCode()),
              text(finished.getFaulted().getDetail(), MAX_DETAIL));
      case CANCELLED -> new Outcome.Cancelled();
      case OUTCOME_NOT_SET -> throw new InvalidMessageException("finished.outcome", "is missing");
    };
  }

  static AttemptEvent.Refused refusal(String code, String reason, Instant now) {
    return new AttemptEvent.Refused(faultCode("fault_code", code), text(reason, MAX_REASON), now);
  }

  private static FaultCode faultCode(String field, String name) {
    return parse(field, name, FaultCode::valueOf);
  }

  private static Map<Phase, Long> phases(List<PhaseTime> times) {
    Map<Phase, Long> phases = new EnumMap<>(Phase.class);
    for (PhaseTime time : times) {
      Phase phase = parse("phases.phase", time.getPhase(), Phase::valueOf);
      if (REPORTED.contains(phase)) {
        phases.put(phase, time.getMicrosSinceAssigned());
      }
    }
    return phases;
  }

  static dev.mayfly.api.LogStream stream(LogStream stream) {
    return switch (stream) {
      case LOG_STREAM_STDOUT -> dev.mayfly.api.LogStream.STDOUT;
      case LOG_STREAM_STDERR -> dev.mayfly.api.LogStream.STDERR;
      case LOG_STREAM_SYSTEM -> dev.mayfly.api.LogStream.SYSTEM;
      case LOG_STREAM_CONSOLE -> dev.mayfly.api.LogStream.CONSOLE;
      case LOG_STREAM_FILE -> dev.mayfly.api.LogStream.FILE;
      case LOG_STREAM_UNSPECIFIED, UNRECOGNIZED ->
          throw new InvalidMessageException("log_chunk.stream", "is unknown");
    };
  }

  private static <S, T> T parse(String field, S value, Function<S, T> parser) {
    try {
      return parser.apply(value);
    } catch (IllegalArgumentException invalid) {
      throw new InvalidMessageException(field, String.valueOf(invalid.getMessage()), invalid);
    }
  }

  /** A text for people: what PostgreSQL cannot store is replaced, what is too long is cut. */
  static String text(String value, int most) {
    String shown = value.replace('\0', ' ');
    if (shown.length() <= most) {
      return shown;
    }
    int cut = Character.isHighSurrogate(shown.charAt(most - 2)) ? most - 2 : most - 1;
    return shown.substring(0, cut) + "…";
  }
}
