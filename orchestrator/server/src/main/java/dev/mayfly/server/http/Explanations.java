package dev.mayfly.server.http;

import dev.mayfly.api.JobId;
import dev.mayfly.api.rest.ExplanationView;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.placement.Explanation;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.core.placement.ExplanationText;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Says why single jobs wait: what is stored for all jobs of the same demand, and before it what is
 * the job's own, the pause after a fault.
 */
class Explanations {
  private static final String NOT_YET = "it has just come; the queue is looked at within 2 s";

  private final ExplanationStore explanations;
  private final JobStore jobs;
  private final InstantSource clock;

  Explanations(ExplanationStore explanations, JobStore jobs, InstantSource clock) {
    this.explanations = explanations;
    this.jobs = jobs;
    this.clock = clock;
  }

  /** One line for each job that waits and of which something is known. */
  Map<JobId, String> lines(List<Job> all) {
    List<Job> waiting =
        all.stream().filter(job -> job.progress() instanceof JobProgress.Queued).toList();
    if (waiting.isEmpty()) {
      return Map.of();
    }
    Map<String, Explanation> stored =
        explanations.find(
            waiting.stream().map(job -> job.spec().demand().key()).collect(Collectors.toSet()));
    Instant now = clock.instant();
    Map<JobId, String> lines = new HashMap<>();
    for (Job job : waiting) {
      of(job, stored.get(job.spec().demand().key()), now)
          .ifPresent(explanation -> lines.put(job.id(), ExplanationText.line(explanation)));
    }
    return lines;
  }

  /** Everything about one job; empty when it does not wait. */
  Optional<ExplanationView> view(Job job) {
    if (!(job.progress() instanceof JobProgress.Queued)) {
      return Optional.empty();
    }
    String key = job.spec().demand().key();
    Explanation stored = explanations.find(List.of(key)).get(key);
    Optional<Explanation> own = of(job, stored, clock.instant());
    return Optional.of(
        new ExplanationView(
            own.map(explanation -> Views.time(explanation.at())).orElse(null),
            own.map(Explanation::impossible).orElse(false),
            jobs.aheadOf(job, ExplanationView.MAX_AHEAD),
            own.map(Explanation::reasons).orElse(List.of()).stream()
                .map(reason ->
                    new ExplanationView.ReasonView(
                        reason.rule().name(),
                        reason.worker().orElse(null),
                        reason.workers(),
                        reason.text()))
                .toList(),
            own.map(ExplanationText::line).orElse(NOT_YET)));
  }

  private static Optional<Explanation> of(Job job, @Nullable Explanation stored, Instant now) {
    if (!(job.progress() instanceof JobProgress.Queued(var _, Instant notBefore))
        || !notBefore.isAfter(now)) {
      return Optional.ofNullable(stored);
    }
    List<Explanation.Reason> reasons = new ArrayList<>();
    reasons.add(
        new Explanation.Reason(
            Explanation.Rule.BACKOFF,
            Optional.empty(),
            0,
            "pauses until " + Views.time(notBefore) + " after attempt " + job.attempts()));
    if (stored != null) {
      stored.reasons().stream()
          .filter(reason -> reason.rule() != Explanation.Rule.BACKOFF)
          .forEach(reasons::add);
    }
    return Optional.of(
        new Explanation(
            stored == null ? now : stored.at(), stored != null && stored.impossible(), reasons));
  }
}
