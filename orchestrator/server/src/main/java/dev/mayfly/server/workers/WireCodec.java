package dev.mayfly.server.workers;

import dev.mayfly.api.AttemptId;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.JobId;
import dev.mayfly.api.LeaseEpoch;
import dev.mayfly.api.NetworkMode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.Assignment;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.AttemptReport;
import dev.mayfly.api.worker.v1.Capacity;
import dev.mayfly.api.worker.v1.EnvironmentVariable;
import dev.mayfly.api.worker.v1.Finished;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.Network;
import dev.mayfly.api.worker.v1.PhaseTime;
import dev.mayfly.api.worker.v1.Register;
import dev.mayfly.api.worker.v1.Shape;
import dev.mayfly.core.fleet.Vmm;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.AttemptEvent;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.JobStore;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Translates between the wire and the domain; every field of a worker's message is checked. */
final class WireCodec {
  private static final Pattern NAME = Pattern.compile("[a-z0-9.-]{1,63}");
  private static final Set<String> ARCHITECTURES = Set.of("x86_64", "aarch64");
  private static final int MAX_TEXT = 200;
  private static final int MAX_REASON = 500;
  private static final int MAX_DETAIL = 2000;
  private static final int MAX_VMMS = 32;
  private static final int MAX_BUNDLES = 10_000;
  private static final int MAX_CLAIMS = 10_000;

  /** Worker's phases, as far as it may report them. */
  private static final Set<Phase> REPORTED =
      Set.of(
          Phase.PREPARED, Phase.BOOTED, Phase.READY, Phase.EXECUTING, Phase.ENDED, Phase.DESTROYED);

  private WireCodec() {}

  static Worker worker(Register message, Instant now) {
    if (!NAME.matcher(message.getName()).matches()) {
      throw new InvalidMessageException("name", "must be 1 to 63 characters of [a-z0-9.-]");
    }
    if (!ARCHITECTURES.contains(message.getArchitecture())) {
      throw new InvalidMessageException("architecture", "must be x86_64 or aarch64");
    }
    if (message.getVmmsCount() > MAX_VMMS) {
      throw new InvalidMessageException("vmms", "has more than " + MAX_VMMS);
    }
    return new Worker(
        parse("worker_id", message.getWorkerId(), WorkerId::parse),
        message.getName(),
        WorkerState.ONLINE,
        text(message.getVersion(), MAX_TEXT),
        message.getArchitecture(),
        text(message.getHostKernel(), MAX_TEXT),
        capacity(message.getCapacity()),
        message.getVmmsList().stream().map(WireCodec::vmm).toList(),
        bundles(message.getBundleDigestsList()),
        now);
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

  static Assignment assignment(Job job, JobStore.Claim claim) {
    JobSpec spec = job.spec();
    return Assignment.newBuilder()
        .setAttempt(ref(claim))
        .setBundleDigest(spec.bundle().value())
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
        .setTimeoutSeconds(Math.toIntExact(spec.timeout().toSeconds()))
        .setNetwork(
            spec.network() == NetworkMode.NONE ? Network.NETWORK_NONE : Network.NETWORK_USER)
        .build();
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
  private static String text(String value, int most) {
    String shown = value.replace('\0', ' ');
    if (shown.length() <= most) {
      return shown;
    }
    int cut = Character.isHighSurrogate(shown.charAt(most - 2)) ? most - 2 : most - 1;
    return shown.substring(0, cut) + "…";
  }
}
