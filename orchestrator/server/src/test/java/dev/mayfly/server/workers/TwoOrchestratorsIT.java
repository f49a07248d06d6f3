package dev.mayfly.server.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.api.JobId;
import dev.mayfly.api.Outcome;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.worker.v1.AttemptRef;
import dev.mayfly.api.worker.v1.BuildEnded;
import dev.mayfly.api.worker.v1.BuildFailed;
import dev.mayfly.api.worker.v1.BuildImage;
import dev.mayfly.api.worker.v1.Leaving;
import dev.mayfly.api.worker.v1.LogStream;
import dev.mayfly.api.worker.v1.OrchestratorMessage;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.Job;
import dev.mayfly.core.job.JobProgress;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.quota.Project;
import dev.mayfly.core.quota.QuotaStore;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import dev.mayfly.server.TestOrchestrator;
import dev.mayfly.server.http.Api;
import dev.mayfly.server.logs.LogFeed;
import dev.mayfly.server.persistence.WorkerConnections;
import io.grpc.Status;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two orchestrators on one database; none is special, and either may go. */
class TwoOrchestratorsIT {
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(100);

  /** The sweep behind a lost notice takes a second: what is faster came by notice. */
  private static final Duration BY_NOTICE = Duration.ofMillis(500);

  private DatabaseAccess database;
  private TestOrchestrator one;
  private TestOrchestrator two;

  @BeforeEach
  void start() {
    database = TestDatabase.freshDatabase();
    one = TestOrchestrator.start(database, "first of two");
    two = TestOrchestrator.start(database, "second of two");
    new Api(one).publish("debian:12");
  }

  @AfterEach
  void stop() {
    one.close();
    two.close();
  }

  @Test
  void aJobSubmittedAtOneRunsOnAWorkerOfTheOtherAndIsFollowedAtTheFirst() throws Exception {
    try (FakeWorker worker = FakeWorker.register(two, UUID.randomUUID(), List.of())) {
      warmUp(worker);
      String job = new Api(one).submit("debian:12");
      long submitted = System.nanoTime();
      AttemptRef attempt = worker.assigned();
      assertThat(since(submitted)).isLessThan(BY_NOTICE);
      try (LogFeed.Follower follower =
          one.bean(LogFeed.class).follow(JobId.parse(job)).orElseThrow()) {
        while (follower.await(SHORT) && !quiet(follower)) {}
        long said = System.nanoTime();
        worker.chunk(attempt, 1, LogStream.LOG_STREAM_STDOUT, new byte[] {'x'});
        follower.await(WAIT);
        assertThat(since(said)).isLessThan(BY_NOTICE);
        assertThat(new Api(one).get("/api/v1/jobs/" + job + "/log").body()).isEqualTo("x");
      }
      worker.exited(attempt, 1, 0, 1);
      await().atMost(WAIT).until(() -> finished(one, job));
    }
  }

  @Test
  void aPinAtOneIsHeardByAWorkerOfTheOther() {
    try (FakeWorker worker = FakeWorker.register(two, UUID.randomUUID(), List.of())) {
      warmUp(worker);
      long pinned = System.nanoTime();
      new Api(one).put("/api/v1/image-policies/debian:12", "{\"pinned\":true}");
      worker.next(
          message ->
              message.hasKeepBundles()
                  && message.getKeepBundles().getPinnedList().contains(Api.BUNDLE),
          message -> message);
      assertThat(since(pinned)).isLessThan(BY_NOTICE);
    }
  }

  @Test
  void jobsAtBothWaitForOneBuildOnAWorkerOfOne() throws Exception {
    try (FakeWorker worker = new FakeWorker(two, UUID.randomUUID(), two.workerToken())) {
      worker.send(
          WorkerMessage.newBuilder().setRegister(worker.registration().setBuilder(true)).build());
      worker.heartbeat();
      String body = "{\"image\":\"first.example/a:1\",\"command\":[\"true\"]}";
      List<String> jobs = new ArrayList<>();
      for (TestOrchestrator at : List.of(one, two, one)) {
        jobs.add(new Api(at).post("/api/v1/jobs", body).json().get("id").asString());
      }
      BuildImage build =
          worker.next(OrchestratorMessage::hasBuildImage, OrchestratorMessage::getBuildImage);
      assertThat(new Api(one).get("/api/v1/image-builds").json().get("items")).hasSize(1);
      worker.send(
          WorkerMessage.newBuilder()
              .setBuildEnded(
                  BuildEnded.newBuilder()
                      .setBuildId(build.getBuildId())
                      .setFailed(BuildFailed.newBuilder().setBlame("USER").setReason("none")))
              .build());
      for (String job : jobs) {
        await().atMost(WAIT).until(() -> finished(one, job));
      }
      // Once on the connection, whoever looked.
      assertThat(worker.poll(Duration.ofSeconds(2)).filter(OrchestratorMessage::hasBuildImage))
          .isEmpty();
    }
  }

  /** Both orchestrators must have heard of each other. */
  private void warmUp(FakeWorker worker) {
    String job = new Api(one).submit("debian:12");
    worker.exited(worker.assigned(), 1, 0, 0);
    await().atMost(WAIT).until(() -> finished(two, job));
    await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
  }

  private static boolean quiet(LogFeed.Follower follower) throws InterruptedException {
    long began = System.nanoTime();
    follower.await(SHORT);
    return since(began).compareTo(SHORT) >= 0;
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }

  private static boolean finished(TestOrchestrator at, String job) {
    return at.bean(JobStore.class).find(JobId.parse(job)).orElseThrow().progress()
        instanceof JobProgress.Finished;
  }

  @Test
  void noJobNoticesThatAnOrchestratorStopsInTheMiddle() throws Exception {
    List<String> jobs = new ArrayList<>();
    try (ObedientWorker first = new ObedientWorker(one, SHORT);
        ObedientWorker second = new ObedientWorker(two, SHORT);
        ObedientWorker third = new ObedientWorker(one, SHORT)) {
      List<ObedientWorker> workers = List.of(first, second, third);
      for (int i = 0; i < 30; i++) {
        jobs.add(new Api(i % 2 == 0 ? one : two).submit("debian:12"));
      }
      await().atMost(WAIT).until(() -> workers.stream().allMatch(w -> w.assignments() > 1));
      workers.forEach(worker -> worker.pointAt(two));
      one.close();
      for (int i = 0; i < 10; i++) {
        jobs.add(new Api(two).submit("debian:12"));
      }
      await().atMost(WAIT).until(() -> jobs.stream().allMatch(job -> finished(two, job)));
      assertThat(workers.stream().mapToInt(ObedientWorker::assignments).sum())
          .isEqualTo(jobs.size());
    }
    for (String id : jobs) {
      Job job = two.bean(JobStore.class).find(JobId.parse(id)).orElseThrow();
      assertThat(job.attempts()).isEqualTo(1);
      assertThat(((JobProgress.Finished) job.progress()).outcome())
          .isEqualTo(new Outcome.Exited(0));
      assertThat(new Api(two).get("/api/v1/jobs/" + id + "/log").body())
          .isEqualTo(ObedientWorker.LOG);
    }
  }

  @Test
  void noCapIsOvershotByTwoWhoPlaceAtOnce() throws Exception {
    int cap = 3;
    one.bean(QuotaStore.class).put(new Project(ProjectName.DEFAULT, 1, OptionalInt.of(cap)));
    List<String> jobs = new ArrayList<>();
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger most = new AtomicInteger();
    try (ObedientWorker first = new ObedientWorker(one, Duration.ofMillis(20));
        ObedientWorker second = new ObedientWorker(two, Duration.ofMillis(20));
        ObedientWorker third = new ObedientWorker(two, Duration.ofMillis(20))) {
      Thread watcher =
          Thread.ofVirtual()
              .start(() -> {
                while (!done.get()) {
                  two.bean(JobStore.class)
                      .use()
                      .values()
                      .forEach(use -> most.accumulateAndGet(use.jobs(), Math::max));
                }
              });
      for (int i = 0; i < 100; i++) {
        jobs.add(new Api(i % 2 == 0 ? one : two).submit("debian:12"));
      }
      await().atMost(WAIT).until(() -> jobs.stream().allMatch(job -> finished(two, job)));
      done.set(true);
      watcher.join();
    }
    assertThat(most).hasValue(cap);
  }

  @Test
  void aWorkerThatComesToTheOtherIsNotCalledSilentByTheFirst() {
    UUID id = UUID.randomUUID();
    try (FakeWorker old = FakeWorker.register(one, id, List.of())) {
      old.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
      await()
          .atMost(WAIT)
          .until(() -> two.bean(WorkerStore.class).find(new WorkerId(id)).isPresent());
      comesToTheOther(old, id);
    }
  }

  private void comesToTheOther(FakeWorker old, UUID id) {
    try (FakeWorker fresh = FakeWorker.register(two, id, List.of())) {
      assertThat(old.end().getCode()).isEqualTo(Status.Code.ABORTED);
      fresh.heartbeat();
      assertStaysOnline(id);
    }
  }

  private void assertStaysOnline(UUID worker) {
    await()
        .during(Duration.ofMillis(500))
        .atMost(WAIT)
        .until(() -> state(worker) == WorkerState.ONLINE);
  }

  private WorkerState state(UUID worker) {
    return two.bean(WorkerStore.class).find(new WorkerId(worker)).orElseThrow().state();
  }

  private FakeWorker onlineAtOne(UUID id) {
    FakeWorker worker = FakeWorker.register(one, id, List.of());
    worker.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
    worker.heartbeat();
    worker.next(OrchestratorMessage::hasHeartbeatReply, OrchestratorMessage::getHeartbeatReply);
    return worker;
  }

  @Test
  void aFarewellThatIsWrittenAfterTheWorkerCameToTheOtherDoesNotCount() throws Exception {
    UUID id = UUID.randomUUID();
    try (FakeWorker old = onlineAtOne(id);
        Connection lock = database.connect()) {
      // Whoever waits for the row first has it first.
      lock.setAutoCommit(false);
      try (PreparedStatement select =
          lock.prepareStatement("select 1 from worker where id = ? for update")) {
        select.setObject(1, id);
        assertThat(select.executeQuery().next()).isTrue();
      }
      try (FakeWorker fresh = FakeWorker.register(two, id, List.of())) {
        awaitWaitingForTheRow("insert into worker%");
        old.send(WorkerMessage.newBuilder().setLeaving(Leaving.getDefaultInstance()).build());
        awaitWaitingForTheRow("update worker set state%where id = %");
        lock.commit();
        fresh.next(OrchestratorMessage::hasRegistered, OrchestratorMessage::getRegistered);
        assertThat(old.end().getCode()).isEqualTo(Status.Code.ABORTED);
        fresh.heartbeat();
        assertStaysOnline(id);
      }
    }
  }

  private void awaitWaitingForTheRow(String statement) {
    await().pollInterval(Duration.ofMillis(10)).atMost(WAIT).until(() -> isWaiting(statement));
  }

  private boolean isWaiting(String statement) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement select =
            connection.prepareStatement(
                "select 1 from pg_stat_activity where datname = current_database()"
                    + " and state = 'active' and wait_event_type = 'Lock' and query like ?")) {
      select.setString(1, statement);
      try (ResultSet waiting = select.executeQuery()) {
        return waiting.next();
      }
    }
  }

  @Test
  void onlyTheNewestConnectionSaysWhatBecomesOfAWorker() {
    UUID id = UUID.randomUUID();
    try (FakeWorker _ = onlineAtOne(id)) {
      WorkerId worker = new WorkerId(id);
      WorkerConnections here = one.bean(WorkerConnections.class);
      WorkerConnections there = two.bean(WorkerConnections.class);
      // So far from now that no sweep calls it silent.
      Worker said =
          one.bean(WorkerStore.class)
              .find(worker)
              .orElseThrow()
              .withState(WorkerState.ONLINE, Instant.now().plus(Duration.ofHours(1)));
      long second = there.connect(said);
      assertThat(second).isGreaterThan(1);
      assertThat(here.disconnect(worker, second - 1, WorkerState.SILENT)).isFalse();
      assertThat(here.disconnect(worker, second - 1, WorkerState.LEFT)).isFalse();
      assertThat(state(id)).isEqualTo(WorkerState.ONLINE);
      assertThat(there.disconnect(worker, second, WorkerState.SILENT)).isTrue();
      assertThat(state(id)).isEqualTo(WorkerState.SILENT);
      long third = here.connect(said);
      assertThat(third).isEqualTo(second + 1);
      assertThat(there.disconnect(worker, second, WorkerState.LEFT)).isFalse();
      assertThat(state(id)).isEqualTo(WorkerState.ONLINE);
      one.bean(WorkerStore.class).mark(worker, WorkerState.LOST);
      assertThat(here.disconnect(worker, third, WorkerState.SILENT)).isTrue();
      assertThat(state(id)).isEqualTo(WorkerState.LOST);
      assertThat(here.disconnect(worker, third, WorkerState.LEFT)).isTrue();
      assertThat(here.disconnect(worker, third, WorkerState.SILENT)).isTrue();
      assertThat(state(id)).isEqualTo(WorkerState.LEFT);
    }
  }
}
