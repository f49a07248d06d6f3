package dev.mayfly.server.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.Job;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What is asked of the queue again and again costs about the same, however long it is. */
class LongQueueIT {
  private static final int SHORT = 100;
  private static final int LONG = 30_000;
  private static final int ROUNDS = 21;

  /**
   * Three hundred times as many jobs: whoever reads all of them takes a hundred milliseconds. The
   * rest is what a loaded machine adds.
   */
  private static final int MOST_TIMES = 10;

  private static final Duration ALLOWANCE = Duration.ofMillis(25);

  private final HikariDataSource connections = connections();
  private final JdbcClient sql = JdbcClient.create(connections);
  private final Database database = new Database(connections);
  private final JdbcJobStore jobs =
      new JdbcJobStore(database, new PlacementWrites(database, new PlacementNews()));

  private static HikariDataSource connections() {
    DatabaseAccess access = TestDatabase.freshDatabase();
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(access.url());
    config.setUsername(access.user());
    config.setPassword(access.password());
    config.setMaximumPoolSize(2);
    return new HikariDataSource(config);
  }

  @AfterEach
  void close() {
    connections.close();
  }

  @Test
  void aQueueHundredsOfTimesAsLongIsAskedAsFast() {
    Instant now = Examples.NOON.plusSeconds(1);
    Job template = Examples.job(Examples.NOON);
    jobs.submit(template, null);
    fill(SHORT);
    Map<String, Duration> few = measure(template, now);
    fill(LONG);
    Map<String, Duration> many = measure(template, now);
    assertThat(jobs.countQueued(2 * LONG)).isGreaterThan(LONG);
    few.forEach((question, before) ->
        assertThat(many.get(question))
            .as("%s: %s with %d, %s with %d", question, before, SHORT, many.get(question), LONG)
            .isLessThan(before.multipliedBy(MOST_TIMES).plus(ALLOWANCE)));
  }

  /** Ten projects, five demands in each, like the template in all else. */
  private void fill(int count) {
    sql.sql(
            """
            insert into job select (jsonb_populate_record(j, jsonb_build_object(
              'id', gen_random_uuid(), 'project', 'p' || n % 10,
              'demand', md5((n % 50)::text)::uuid))).*
            from job j, generate_series(1, :count) as n where j.id = (select min(id::text)::uuid
              from job where project = 'ci')
            """)
        .param("count", count)
        .update();
    sql.sql("analyze job").update();
  }

  private Map<String, Duration> measure(Job template, Instant now) {
    Map<String, Duration> medians = new LinkedHashMap<>();
    medians.put("heads", median(() -> jobs.heads(now, 20)));
    medians.put(
        "headsBeside", median(() -> jobs.headsBeside(Set.of(template.spec().demand()), now, 20)));
    medians.put("waiting", median(() -> jobs.waiting(1000)));
    medians.put("aheadOf", median(() -> jobs.aheadOf(template, 100)));
    medians.put("queueTimedOut", median(() -> jobs.queueTimedOut(now, 100)));
    medians.put("expired", median(() -> jobs.expired(now, 100)));
    medians.put("use", median(jobs::use));
    medians.put("find", median(() -> jobs.find(template.id())));
    return medians;
  }

  private static Duration median(Runnable question) {
    long[] nanos = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      long began = System.nanoTime();
      question.run();
      nanos[i] = System.nanoTime() - began;
    }
    Arrays.sort(nanos);
    return Duration.ofNanos(nanos[ROUNDS / 2]);
  }
}
