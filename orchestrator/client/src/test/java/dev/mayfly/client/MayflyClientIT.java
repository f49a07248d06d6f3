package dev.mayfly.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.JobId;
import dev.mayfly.api.JobState;
import dev.mayfly.api.LogStream;
import dev.mayfly.api.rest.ImagePublication;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.JobView;
import dev.mayfly.api.rest.Page;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.client.fake.FakeOrchestrator;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client against a faithful orchestrator over real sockets. */
@Timeout(60)
class MayflyClientIT {
  private static final Timeouts TIMEOUTS =
      new Timeouts(
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          Duration.ofSeconds(20));

  @Test
  void aJobIsSubmittedFoundListedAndCancelled() throws Exception {
    try (FakeOrchestrator fake = new FakeOrchestrator(job -> job.awaitCancelRequest(20))) {
      MayflyClient client = client(fake);
      JobView job = submit(client);
      JobId id = JobId.parse(job.id());
      assertThat(client.job(id)).map(JobView::id).contains(job.id());
      Page<JobView> page = client.jobs(new JobFilter(JobState.QUEUED, null, null, 10, null));
      assertThat(page.items()).extracting(JobView::id).containsExactly(job.id());
      assertThat(client.jobs(new JobFilter(JobState.FINISHED, null, null, 10, null)).items())
          .isEmpty();
      assertThat(client.cancel(id)).map(JobView::cancelRequested).contains(true);
      JobId other = JobId.parse("01890000-0000-7000-8000-000000000001");
      assertThat(client.job(other)).isEmpty();
      assertThat(client.cancel(other)).isEmpty();
    }
  }

  @Test
  void theSameKeyGivesTheSameJobAndAnotherBodyIsRefused() throws Exception {
    try (FakeOrchestrator fake = new FakeOrchestrator(job -> {})) {
      MayflyClient client = client(fake);
      IdempotencyKey key = new IdempotencyKey("gitlab-1-2");
      Submission first = client.submit(request("true"), key);
      Submission second = client.submit(request("true"), key);
      assertThat(first)
          .isInstanceOfSatisfying(
              Submission.Accepted.class, accepted -> assertThat(accepted.repeated()).isFalse());
      assertThat(second)
          .isInstanceOfSatisfying(
              Submission.Accepted.class, accepted -> assertThat(accepted.repeated()).isTrue());
      assertThat(client.submit(request("false"), key))
          .isInstanceOfSatisfying(
              Submission.Refused.class,
              refused -> assertThat(refused.problem().status()).isEqualTo(409));
      assertThat(fake.jobs()).hasSize(1);
    }
  }

  @Test
  void anAnswerThatBreaksOffMakesNoSecondJob() throws Exception {
    try (FakeOrchestrator fake = new FakeOrchestrator(job -> {})) {
      fake.cutAfter(11, 35);
      submit(client(fake));
      assertThat(fake.count("POST", "/api/v1/jobs")).isGreaterThanOrEqualTo(3);
      assertThat(fake.jobs()).hasSize(1);
    }
  }

  @Test
  void anUnknownImageIsRefusedByField() throws Exception {
    try (FakeOrchestrator fake = new FakeOrchestrator(job -> {})) {
      Submission submission =
          client(fake)
              .submit(new JobRequest("no:1", List.of("x"), null, null, null, null, null, null));
      assertThat(submission)
          .isInstanceOfSatisfying(
              Submission.Refused.class,
              refused ->
                  assertThat(refused.problem().errors())
                      .extracting(Problem.FieldError::field)
                      .containsExactly("image"));
      assertThat(fake.jobs()).isEmpty();
    }
  }

  @Test
  void aWrongTokenIsAProblemOfItsOwn() throws Exception {
    try (FakeOrchestrator fake = new FakeOrchestrator(job -> {})) {
      MayflyClient client = new MayflyClient(BaseUrl.parse(fake.url()), () -> "wrong", TIMEOUTS);
      for (String call : List.of("get", "post", "events")) {
        assertThatThrownBy(
                () -> {
                  switch (call) {
                    case "get" -> client.workers();
                    case "post" -> client.submit(request("true"));
                    default ->
                        client.follow(
                            FollowRequest.all(JobId.parse("01890000-0000-7000-8000-000000000001")),
                            piece -> true);
                  }
                })
            .isInstanceOfSatisfying(
                MayflyProblem.class, problem -> assertThat(problem.isTokenRefused()).isTrue());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void aLogArrivesWholeHoweverOftenTheConnectionBreaks(long seed) throws Exception {
    Random random = new Random(seed);
    List<byte[]> chunks = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      byte[] chunk = new byte[1 + random.nextInt(i % 10 == 0 ? 65536 : 200)];
      random.nextBytes(chunk);
      chunks.add(chunk);
    }
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    chunks.forEach(expected::writeBytes);
    CountDownLatch submitted = new CountDownLatch(1);
    try (FakeOrchestrator fake =
        new FakeOrchestrator(job -> {
          submitted.await();
          job.starts();
          for (byte[] chunk : chunks) {
            job.writes(LogStream.STDOUT, chunk);
          }
          job.exits(0);
        })) {
      MayflyClient client = client(fake);
      JobView job = submit(client);
      for (int i = 0; i < 12; i++) {
        fake.cutAfter(random.nextInt(i % 4 == 3 ? 300_000 : 3_000));
      }
      submitted.countDown();
      ByteArrayOutputStream got = new ByteArrayOutputStream();
      FollowEnd end =
          client.follow(
              FollowRequest.all(JobId.parse(job.id())),
              piece -> {
                got.writeBytes(piece.bytes());
                return true;
              });
      assertThat(end)
          .isInstanceOfSatisfying(
              FollowEnd.JobEnded.class,
              ended -> assertThat(ended.job().state()).isEqualTo("FINISHED"));
      assertThat(got.toByteArray()).isEqualTo(expected.toByteArray());
      assertThat(fake.count("GET", "/api/v1/jobs/" + job.id() + "/log/events"))
          .isGreaterThanOrEqualTo(4);
    }
  }

  @Test
  void followingGoesOnOverARestartOfTheOrchestrator() throws Exception {
    CountDownLatch restarted = new CountDownLatch(1);
    try (FakeOrchestrator fake =
        new FakeOrchestrator(job -> {
          job.starts();
          job.writes(LogStream.STDOUT, "before ");
          restarted.await();
          job.writes(LogStream.STDOUT, "after");
          job.exits(0);
        })) {
      MayflyClient client = client(fake);
      JobView job = submit(client);
      ByteArrayOutputStream got = new ByteArrayOutputStream();
      FollowEnd end =
          client.follow(
              FollowRequest.all(JobId.parse(job.id())),
              new LogSink() {
                @Override
                public boolean accept(LogPiece piece) {
                  got.writeBytes(piece.bytes());
                  if (restarted.getCount() > 0) {
                    fake.stop();
                  }
                  return true;
                }

                @Override
                public void reconnecting(String reason, int tries) {
                  if (tries == 3) {
                    start(fake);
                    restarted.countDown();
                  }
                }
              });
      assertThat(end).isInstanceOf(FollowEnd.JobEnded.class);
      assertThat(got.toString(StandardCharsets.UTF_8)).isEqualTo("before after");
    }
  }

  @Test
  void aSilentConnectionIsReplaced() throws Exception {
    try (FakeOrchestrator fake =
        new FakeOrchestrator(job -> {
          job.starts();
          Thread.sleep(3_000); // longer than the silence that is borne
          job.exits(0);
        })) {
      MayflyClient client = client(fake);
      JobView job = submit(client);
      List<String> reasons = new ArrayList<>();
      FollowEnd end =
          client.follow(
              FollowRequest.all(JobId.parse(job.id())),
              new LogSink() {
                @Override
                public boolean accept(LogPiece piece) {
                  return true;
                }

                @Override
                public void reconnecting(String reason, int tries) {
                  reasons.add(reason);
                }
              });
      assertThat(end).isInstanceOf(FollowEnd.JobEnded.class);
      assertThat(reasons).containsExactly("it did not answer in time");
    }
  }

  @Test
  void aRangeOfALogIsReadAndACutOneIsReadAgain() throws Exception {
    try (FakeOrchestrator fake =
        new FakeOrchestrator(job -> {
          job.writes(LogStream.STDOUT, "out-1 ");
          job.writes(LogStream.STDERR, "err ");
          job.writes(LogStream.STDOUT, "out-2");
          job.exits(0);
        })) {
      MayflyClient client = client(fake);
      JobId id = JobId.parse(submit(client).id());
      client.follow(FollowRequest.all(id), piece -> true);
      fake.cutAfter(3, 4);
      LogSlice first = client.log(id, Set.of(LogStream.STDOUT), null, 6);
      assertThat(new String(first.bytes(), StandardCharsets.UTF_8)).isEqualTo("out-1 ");
      assertThat(first.complete()).isFalse();
      LogSlice second = client.log(id, Set.of(LogStream.STDOUT), first.nextCursor(), 6);
      assertThat(new String(second.bytes(), StandardCharsets.UTF_8)).isEqualTo("out-2");
      assertThat(second.complete()).isTrue();
    }
  }

  @Test
  void anImageIsPublishedUnderANameWithSlashes() throws Exception {
    try (FakeOrchestrator fake = new FakeOrchestrator(job -> {})) {
      MayflyClient client = client(fake);
      ImageRef name = new ImageRef("registry.example.org/team/debian:12");
      assertThat(client.image(name)).isEmpty();
      Publication publication =
          client.publish(name, new ImagePublication("sha256:" + "0".repeat(64), "x86_64", 5L));
      assertThat(publication).isInstanceOf(Publication.Published.class);
      assertThat(client.image(name))
          .map(image -> image.name())
          .isEqualTo(Optional.of(name.value()));
      assertThat(client.images()).hasSize(2);
      assertThat(client.publish(name, new ImagePublication(null, null, null)))
          .isInstanceOf(Publication.Refused.class);
    }
  }

  @Test
  void secretsAndUnicodeOfARequestArrive() throws Exception {
    try (FakeOrchestrator fake = new FakeOrchestrator(job -> {})) {
      JobRequest request =
          new JobRequest(
              FakeOrchestrator.KNOWN_IMAGE,
              List.of("echo", "ä🪰\n\u0001", ""),
              Map.of("K", "=\"\\"),
              null,
              null,
              null,
              null,
              7);
      client(fake).submit(request);
      assertThat(fake.jobs().get(0).request()).isEqualTo(request);
    }
  }

  private static void start(FakeOrchestrator fake) {
    try {
      fake.start();
    } catch (java.io.IOException failure) {
      throw new java.io.UncheckedIOException(failure);
    }
  }

  private static JobView submit(MayflyClient client) throws Exception {
    if (client.submit(request("true")) instanceof Submission.Accepted accepted) {
      return accepted.job();
    }
    throw new AssertionError("refused");
  }

  private static JobRequest request(String command) {
    return new JobRequest(
        FakeOrchestrator.KNOWN_IMAGE, List.of(command), null, null, null, null, null, null);
  }

  private static MayflyClient client(FakeOrchestrator fake) {
    return new MayflyClient(BaseUrl.parse(fake.url()), () -> FakeOrchestrator.TOKEN, TIMEOUTS);
  }
}
