package dev.mayfly.core.placement;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.Label;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import dev.mayfly.core.fleet.Capacity;
import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.job.Demand;
import dev.mayfly.core.job.JobStore.ProjectUse;
import dev.mayfly.core.placement.Explanation.Reason;
import dev.mayfly.core.placement.Explanation.Rule;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Says why jobs of a demand wait, by the same rules by which placement plans. Pure; made for one
 * situation and thrown away.
 */
final class ExplanationPolicy {

  /** More workers than this that one rule keeps away are told as one, so that it stays readable. */
  static final int MAX_NAMED_WORKERS = 8;

  /** Of a quarantine's reason: the rest is told where the worker is shown. */
  private static final int MAX_QUOTED = 100;

  /** The workers that one rule keeps away from a demand. */
  private static final class Group {
    final List<FleetView.Member> first = new ArrayList<>();
    int count;
    FleetView.@Nullable Member closest;
    double closestCover = Double.NEGATIVE_INFINITY;

    void add(FleetView.Member member, double cover) {
      count++;
      if (first.size() < MAX_NAMED_WORKERS) {
        first.add(member);
      }
      if (cover > closestCover) {
        closest = member;
        closestCover = cover;
      }
    }
  }

  private final PlacementPlanner.Situation situation;
  private final Map<WorkerId, Demand> held;
  private final Map<ImageRef, ImageBuild> building;
  private final Instant now;
  private final Instant silentSince;
  private final Set<Demand> ready = new HashSet<>();
  private final Map<ProjectName, Integer> readyOf = new HashMap<>();
  private final int depth;
  private final int activeInAll;

  /**
   * @param situation as planned from
   * @param held workers that the plan keeps free
   * @param building the latest builds of images that are waited for
   * @param depth how many jobs of each project the situation's heads hold at most
   */
  ExplanationPolicy(
      PlacementPlanner.Situation situation,
      Map<WorkerId, Demand> held,
      Map<ImageRef, ImageBuild> building,
      Instant now,
      Instant silentSince,
      int depth) {
    this.situation = situation;
    this.held = held;
    this.building = building;
    this.now = now;
    this.silentSince = silentSince;
    this.depth = depth;
    situation
        .heads()
        .forEach(job -> {
          ready.add(job.spec().demand());
          readyOf.merge(job.spec().demand().project(), 1, Integer::sum);
        });
    activeInAll = situation.use().values().stream().mapToInt(ProjectUse::jobs).sum();
  }

  Explanation explain(Demand demand) {
    if (demand.bundle().isEmpty()) {
      String text =
          ImageBuildText.waits(
              demand.image(), building.get(demand.image()), situation.fleet(), now, silentSince);
      return new Explanation(now, false, List.of(plain(Rule.IMAGE_BUILDING, text)));
    }
    Map<Rule, Group> groups = new EnumMap<>(Rule.class);
    int fitting = 0;
    boolean impossible = false;
    boolean possible = false;
    for (FleetView.Member member : situation.fleet().members()) {
      Optional<Rule> rule = obstacle(demand, member);
      if (rule.isEmpty()) {
        fitting++;
        possible = true;
        continue;
      }
      possible |= !FitPolicy.permanent(rule.get());
      // Who left says nothing of what could run; with nobody else there, a worker may yet join.
      impossible |= rule.get() != Rule.LEFT;
      groups
          .computeIfAbsent(rule.get(), _ -> new Group())
          .add(member, cover(rule.get(), demand.shape(), member));
    }
    List<Reason> reasons = new ArrayList<>();
    groups.forEach((rule, group) -> reasons.addAll(reasons(rule, group, demand)));
    reasons.addAll(caps(demand));
    if (situation.fleet().members().isEmpty()) {
      reasons.add(plain(Rule.NO_WORKERS, "no worker has joined yet"));
    }
    if (inBackoff(demand)) {
      reasons.add(plain(Rule.BACKOFF, "pauses before the next attempt"));
    } else if (fitting > 0 && caps(demand).isEmpty()) {
      reasons.add(plain(Rule.TURN, "waits its turn: others go first"));
    }
    reasons.sort(Comparator.comparing(Reason::rule));
    return new Explanation(now, impossible && !possible, reasons);
  }

  private Optional<Rule> obstacle(Demand demand, FleetView.Member member) {
    Optional<Rule> hard =
        FitPolicy.obstacle(demand, member.worker(), situation.supply(), silentSince);
    if (hard.isPresent()) {
      return hard;
    }
    if (!member.free().holds(demand.shape())) {
      return Optional.of(Rule.BUSY);
    }
    Demand first = held.get(member.worker().id());
    return first == null || first.equals(demand) ? Optional.empty() : Optional.of(Rule.HELD);
  }

  /** Every job of it that waits is in its pause; known only when no ready job was cut off. */
  private boolean inBackoff(Demand demand) {
    return !ready.contains(demand) && readyOf.getOrDefault(demand.project(), 0) < depth;
  }

  private List<Reason> caps(Demand demand) {
    List<Reason> caps = new ArrayList<>();
    int ofProject = situation.use().getOrDefault(demand.project(), ProjectUse.NONE).jobs();
    OptionalInt projectCap = situation.quotas().project(demand.project()).maxActive();
    if (projectCap.isPresent() && ofProject >= projectCap.getAsInt()) {
      caps.add(
          plain(
              Rule.PROJECT_CAP,
              "project cap " + ofProject + "/" + projectCap.getAsInt() + " reached"));
    }
    OptionalInt globalCap = situation.quotas().maxActive();
    if (globalCap.isPresent() && activeInAll >= globalCap.getAsInt()) {
      caps.add(
          plain(
              Rule.GLOBAL_CAP,
              "global cap " + activeInAll + "/" + globalCap.getAsInt() + " reached"));
    }
    return caps;
  }

  private static Reason plain(Rule rule, String text) {
    return new Reason(rule, Optional.empty(), 0, text);
  }

  private static List<Reason> reasons(Rule rule, Group group, Demand demand) {
    if (group.count <= MAX_NAMED_WORKERS) {
      return group.first.stream()
          .map(member ->
              new Reason(rule, Optional.of(member.worker().name()), 1, text(rule, demand, member)))
          .toList();
    }
    return List.of(new Reason(rule, Optional.empty(), group.count, text(rule, demand, group)));
  }

  /** How near the worker is to having the room; of two, the nearer one is told of. */
  private static double cover(Rule rule, Shape asked, FleetView.Member member) {
    Capacity there = rule == Rule.BUSY ? member.free() : member.worker().capacity();
    return Math.min(
        Math.min(
            (double) there.cpus() / asked.cpus(), (double) there.memoryMib() / asked.memoryMib()),
        (double) there.scratchMib() / asked.scratchMib());
  }

  private static String text(Rule rule, Demand demand, Group group) {
    FleetView.Member closest = group.closest == null ? group.first.getFirst() : group.closest;
    String example = text(rule, demand, closest);
    return switch (rule) {
      case BUSY -> "busy; the closest, " + closest.worker().name() + ", " + example;
      case TOO_SMALL -> "too small; the largest, " + closest.worker().name() + ", " + example;
      case ARCHITECTURE -> "none is " + demand.architecture();
      case LABEL_MISSING -> "none has " + labels(demand.labels());
      case SILENT -> "not connected";
      case QUARANTINED -> "quarantined";
      case TURN,
          IMAGE_BUILDING,
          BACKOFF,
          HELD,
          PROJECT_CAP,
          GLOBAL_CAP,
          DRAINING,
          IMAGE_ABSENT,
          NO_VMM,
          LEFT,
          NO_WORKERS ->
          example;
    };
  }

  private static String text(Rule rule, Demand demand, FleetView.Member member) {
    Worker worker = member.worker();
    return switch (rule) {
      case BUSY -> lack(demand.shape(), member.free(), "", " free");
      case TOO_SMALL -> lack(demand.shape(), worker.capacity(), "has ", "");
      case HELD -> "kept free for a larger job that came first";
      case DRAINING -> "draining";
      case QUARANTINED -> quarantined(worker.duty());
      case SILENT -> absent(worker.state());
      case IMAGE_ABSENT -> "does not have image " + demand.image();
      case NO_VMM -> "no VMM works";
      case LABEL_MISSING -> {
        Set<Label> missing = new HashSet<>(demand.labels());
        missing.removeAll(worker.labels());
        yield "lacks " + labels(missing);
      }
      case ARCHITECTURE -> "is " + worker.architecture() + ", needs " + demand.architecture();
      case LEFT -> "left";
      case TURN, IMAGE_BUILDING, BACKOFF, PROJECT_CAP, GLOBAL_CAP, NO_WORKERS ->
          throw new IllegalStateException(rule + " is not about a worker");
    };
  }

  private static String lack(Shape asked, Capacity there, String before, String after) {
    List<String> parts = new ArrayList<>();
    if (there.cpus() < asked.cpus()) {
      String unit = asked.cpus() == 1 ? " CPU, " : " CPUs, ";
      parts.add(asked.cpus() + unit + before + there.cpus() + after);
    }
    if (there.memoryMib() < asked.memoryMib()) {
      parts.add(asked.memoryMib() + " MiB, " + before + there.memoryMib() + after);
    }
    if (there.scratchMib() < asked.scratchMib()) {
      parts.add(asked.scratchMib() + " MiB scratch, " + before + there.scratchMib() + after);
    }
    return "needs " + String.join("; ", parts);
  }

  private static String labels(Set<Label> labels) {
    return (labels.size() == 1 ? "label " : "labels ")
        + labels.stream().sorted().map(Label::value).collect(Collectors.joining(", "));
  }

  private static String quarantined(Duty duty) {
    if (!(duty instanceof Duty.Quarantined(String reason, var _))) {
      throw new IllegalStateException("worker is not quarantined");
    }
    return "quarantined: "
        + (reason.length() <= MAX_QUOTED ? reason : reason.substring(0, MAX_QUOTED - 1) + "…");
  }

  private static String absent(WorkerState state) {
    return switch (state) {
      case JOINING -> "is just joining";
      case LOST -> "lost";
      case ONLINE, SILENT, LEFT -> "not connected";
    };
  }
}
