package dev.mayfly.cli;

import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.MayflyException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Says why a job is not running yet, when it has to wait longer than a moment. */
final class WaitingReport {
  /** A wait up to this long needs no word. */
  private static final Duration MOMENT = Duration.ofSeconds(1);

  /** How often to ask at first, and after a while. */
  private static final Duration SOON = Duration.ofSeconds(1);

  private static final Duration LATER = Duration.ofSeconds(5);
  private static final int SOON_COUNT = 30;
  private static final Pattern NUMBERS = Pattern.compile("\\b[0-9]+\\b");

  private final MayflyClient client;
  private final JobId job;
  private final Output output;
  private final CountDownLatch stopped = new CountDownLatch(1);

  WaitingReport(MayflyClient client, JobId job, Output output) {
    this.client = client;
    this.job = job;
    this.output = output;
  }

  void start() {
    // Every run starts this one; the first virtual thread of a JVM costs 10 to 20 ms of CPU more.
    Thread.ofPlatform().daemon().name("waiting-report").start(this::report);
  }

  void stop() {
    stopped.countDown();
  }

  private void report() {
    String said = "";
    try {
      Duration pause = MOMENT;
      for (int asked = 0; !stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS); asked++) {
        pause = asked < SOON_COUNT ? SOON : LATER;
        Optional<JobView> view = ask();
        if (view.isPresent()) {
          if (!view.get().state().equals(JobState.QUEUED.name())) {
            return;
          }
          String because = view.get().waitingBecause();
          if (because != null && isNews(because, said) && stopped.getCount() > 0) {
            said = because;
            output.sayIfPossible("waiting: " + because);
          }
        }
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  /** How much is free changes with every job of others, and is no news. */
  private static boolean isNews(String because, String said) {
    return !NUMBERS.matcher(because).replaceAll("").equals(NUMBERS.matcher(said).replaceAll(""));
  }

  private Optional<JobView> ask() throws InterruptedException {
    try {
      return client.job(job);
    } catch (MayflyException unanswered) {
      // The follower of the log sees the same and says so; this is only a courtesy.
      return Optional.empty();
    }
  }
}
