package dev.mayfly.worker.daemon.journal;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.Phase;
import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.attempt.AttemptEvent;
import dev.mayfly.worker.core.attempt.AttemptReport;
import dev.mayfly.worker.core.attempt.AttemptTerms;
import dev.mayfly.worker.core.attempt.JournalEntry;
import dev.mayfly.worker.core.attempt.JournalEntry.Decision;
import dev.mayfly.worker.core.attempt.JournalEntry.GivingUp;
import dev.mayfly.worker.core.attempt.JournalEntry.Stage;
import dev.mayfly.worker.core.exec.ExecMark;
import dev.mayfly.worker.core.exec.ExecRequest;
import dev.mayfly.worker.core.lease.AttemptLease;
import dev.mayfly.worker.core.vm.VmmIdentity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** Between journal entries and the text in which they lie on disk. Pure. */
final class JournalCodec {
  private static final String BOOT = "boot";
  private static final String REPORT = "report.";
  private static final String EXEC = "exec.";

  private JournalCodec() {}

  /**
   * What a text says.
   *
   * @param boot of the host under which it was written
   */
  record Decoded(JournalEntry entry, String boot) {}

  static String encode(JournalEntry entry, String boot) {
    var text = new JournalText();
    text.put(BOOT, boot);
    var terms = entry.terms();
    text.put("lease", terms.lease());
    text.put("bundle", terms.bundle());
    text.put("image", terms.image());
    text.put("cpus", terms.shape().cpus());
    text.put("memory-mib", terms.shape().memoryMib());
    text.put("scratch-mib", terms.shape().scratchMib());
    text.put("timeout-nanos", terms.timeout().toNanos());
    text.put("session", terms.session());
    text.put("idle-nanos", terms.idleLimit().toNanos());
    text.put("log-limit-bytes", terms.logLimitBytes());
    text.put("assignment-needed", terms.assignmentNeeded());
    text.put("assigned-at", terms.assignedAt());
    text.put("lease-nanos", terms.leaseFor().toNanos());
    text.put("stage", entry.stage());
    entry.startedAt().ifPresent(at -> text.put("started-at", at));
    entry.vmm().ifPresent(vmm -> text.put("vmm", vmm.pid() + " " + vmm.startTicks()));
    text.put("phases", phases(entry.phases()));
    text.put("reports-made", entry.reportsMade());
    for (var report : entry.reports()) {
      text.put(REPORT + report.number(), phases(report.phases()) + " " + event(report.event()));
    }
    text.put("lease-until", entry.leaseUntil());
    entry
        .givingUp()
        .ifPresent(why -> text.put("giving-up", why.graceOver() + " " + outcome(why.outcome())));
    entry
        .decision()
        .ifPresent(
            made -> text.put("decision", made.peakMemoryKib() + " " + outcome(made.outcome())));
    text.put("ended-execs", ranges(entry.endedExecs()));
    entry
        .execs()
        .forEach(
            (number, mark) -> text.put(EXEC + number, mark.startedAt() + " " + mark.lastSignal()));
    return text.toString();
  }

  /**
   * Reads a text.
   *
   * @throws IllegalArgumentException when it is not one that {@link #encode} made; the message says
   *     no value
   */
  static Decoded decode(String written) {
    var text = JournalText.parse(written);
    var terms = terms(text);
    var reports = new ArrayList<AttemptReport>();
    for (var number : text.keysOf(REPORT)) {
      var words = words(text.get(REPORT + number), 2);
      reports.add(
          new AttemptReport(
              terms.lease(), Long.parseLong(number), phases(words[0]), event(words[1])));
    }
    var entry =
        new JournalEntry(
            terms,
            Stage.valueOf(text.get("stage")),
            text.find("started-at")
                .map(at -> OptionalLong.of(Long.parseLong(at)))
                .orElse(OptionalLong.empty()),
            text.find("vmm").map(JournalCodec::vmm),
            phases(text.get("phases")),
            text.number("reports-made"),
            reports,
            text.number("lease-until"),
            text.find("giving-up").map(JournalCodec::givingUp),
            text.find("decision").map(JournalCodec::decision),
            ranges(text.get("ended-execs")),
            execs(text));
    return new Decoded(entry, text.get(BOOT));
  }

  private static AttemptTerms terms(JournalText text) {
    return new AttemptTerms(
        AttemptLease.parse(text.get("lease")),
        new BundleDigest(text.get("bundle")),
        text.get("image"),
        new Shape(
            (int) text.number("cpus"),
            (int) text.number("memory-mib"),
            (int) text.number("scratch-mib")),
        Duration.ofNanos(text.number("timeout-nanos")),
        Boolean.parseBoolean(text.get("session")),
        Duration.ofNanos(text.number("idle-nanos")),
        text.number("log-limit-bytes"),
        Boolean.parseBoolean(text.get("assignment-needed")),
        text.number("assigned-at"),
        Duration.ofNanos(text.number("lease-nanos")));
  }

  private static VmmIdentity vmm(String text) {
    var words = words(text, 2);
    return new VmmIdentity(Long.parseLong(words[0]), Long.parseLong(words[1]));
  }

  private static Map<Integer, ExecMark> execs(JournalText text) {
    var marks = new HashMap<Integer, ExecMark>();
    for (var number : text.keysOf(EXEC)) {
      var words = words(text.get(EXEC + number), 2);
      marks.put(
          Integer.valueOf(number),
          new ExecMark(Long.parseLong(words[0]), Long.parseLong(words[1])));
    }
    return marks;
  }

  private static GivingUp givingUp(String text) {
    var words = words(text, 2);
    return new GivingUp(outcome(words[1]), Long.parseLong(words[0]));
  }

  private static Decision decision(String text) {
    var words = words(text, 2);
    return new Decision(outcome(words[1]), Long.parseLong(words[0]));
  }

  private static String phases(Map<Phase, Duration> phases) {
    return phases.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(phase -> phase.getKey() + ":" + phase.getValue().toNanos())
        .collect(Collectors.joining(","));
  }

  private static Map<Phase, Duration> phases(String text) {
    var phases = new EnumMap<Phase, Duration>(Phase.class);
    for (var part : list(text)) {
      var pair = part.split(":", 2);
      if (pair.length < 2) {
        throw new IllegalArgumentException("a phase has no time");
      }
      phases.put(Phase.valueOf(pair[0]), Duration.ofNanos(Long.parseLong(pair[1])));
    }
    return phases;
  }

  private static String event(AttemptEvent event) {
    return switch (event) {
      case AttemptEvent.Preparing() -> "preparing";
      case AttemptEvent.Running(var kernel, var vmm) ->
          "running " + JournalText.encode(kernel) + " " + JournalText.encode(vmm);
      case AttemptEvent.ExecStarted(var number) -> "exec-started " + number;
      case AttemptEvent.ExecEnded(var number, var outcome, var chunks) ->
          "exec-ended " + number + " " + chunks + " " + outcome(outcome);
      case AttemptEvent.Finished(var outcome, var chunks, var bytes, var peak) ->
          "finished " + chunks + " " + bytes + " " + peak + " " + outcome(outcome);
    };
  }

  private static AttemptEvent event(String text) {
    var kind = text.split(" ", 2)[0];
    return switch (kind) {
      case "preparing" -> new AttemptEvent.Preparing();
      case "running" -> {
        var words = words(text, 3);
        yield new AttemptEvent.Running(JournalText.decode(words[1]), JournalText.decode(words[2]));
      }
      case "exec-started" -> new AttemptEvent.ExecStarted(Integer.parseInt(words(text, 2)[1]));
      case "exec-ended" -> {
        var words = words(text, 4);
        yield new AttemptEvent.ExecEnded(
            Integer.parseInt(words[1]), outcome(words[3]), Long.parseLong(words[2]));
      }
      case "finished" -> {
        var words = words(text, 5);
        yield new AttemptEvent.Finished(
            outcome(words[4]),
            Long.parseLong(words[1]),
            Long.parseLong(words[2]),
            Long.parseLong(words[3]));
      }
      default -> throw new IllegalArgumentException("a report is of no known kind");
    };
  }

  private static String outcome(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Exited(var code) -> "exited:" + code;
      case Outcome.Faulted(var code, var detail) ->
          "faulted:" + code + ":" + JournalText.encode(detail);
      case Outcome.Cancelled() -> "cancelled";
    };
  }

  private static Outcome outcome(String text) {
    var parts = text.split(":", 3);
    if (parts[0].equals("exited") && parts.length == 2) {
      return new Outcome.Exited(Integer.parseInt(parts[1]));
    }
    if (parts[0].equals("faulted") && parts.length == 3) {
      return new Outcome.Faulted(FaultCode.valueOf(parts[1]), JournalText.decode(parts[2]));
    }
    if (text.equals("cancelled")) {
      return new Outcome.Cancelled();
    }
    throw new IllegalArgumentException("an outcome is of no known kind");
  }

  /** A session has thousands of execs, which end almost in their order. */
  private static String ranges(Set<Integer> numbers) {
    var bits = new BitSet();
    numbers.forEach(bits::set);
    var ranges = new ArrayList<String>();
    for (int from = bits.nextSetBit(0); from >= 0; ) {
      int to = bits.nextClearBit(from) - 1;
      ranges.add(from + "-" + to);
      from = bits.nextSetBit(to + 1);
    }
    return String.join(",", ranges);
  }

  private static Set<Integer> ranges(String text) {
    var bits = new BitSet();
    for (var range : list(text)) {
      var ends = range.split("-", 2);
      if (ends.length < 2) {
        throw new IllegalArgumentException("a range of execs has no end");
      }
      int from = Integer.parseInt(ends[0]);
      int to = Integer.parseInt(ends[1]);
      if (from < 0 || to < from || to > ExecRequest.MAX_NUMBER) {
        throw new IllegalArgumentException("a range of execs is not one");
      }
      bits.set(from, to + 1);
    }
    return bits.stream().boxed().collect(Collectors.toUnmodifiableSet());
  }

  private static List<String> list(String text) {
    return text.isEmpty() ? List.of() : Arrays.asList(text.split(",", -1));
  }

  private static String[] words(String text, int count) {
    var words = text.split(" ", count);
    if (words.length != count) {
      throw new IllegalArgumentException("a value is cut off");
    }
    return words;
  }
}
