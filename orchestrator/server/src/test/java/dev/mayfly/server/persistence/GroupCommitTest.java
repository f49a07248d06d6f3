package dev.mayfly.server.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;

class GroupCommitTest {
  private static final int MANY = 500;

  private final List<List<Integer>> transactions = Collections.synchronizedList(new ArrayList<>());

  private List<Integer> doubled(List<Integer> requests) {
    transactions.add(requests);
    return requests.stream().map(request -> 2 * request).toList();
  }

  @Test
  void oneThatIsAloneGoesAtOnce() {
    GroupCommit<Integer, Integer> commits = new GroupCommit<>(1, this::doubled);
    assertThat(commits.call(21)).isEqualTo(42);
    assertThat(transactions).containsExactly(List.of(21));
  }

  @Test
  void thoseThatComeMeanwhileGoTogetherAndEachGetsItsOwnResult() throws Exception {
    CountDownLatch firstIsIn = new CountDownLatch(1);
    CountDownLatch othersWait = new CountDownLatch(1);
    GroupCommit<Integer, Integer> commits =
        new GroupCommit<>(
            1,
            requests -> {
              if (requests.contains(0)) {
                firstIsIn.countDown();
                awaitLatch(othersWait);
              }
              return doubled(requests);
            });
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> first = threads.submit(() -> commits.call(0));
      awaitLatch(firstIsIn);
      CountDownLatch started = new CountDownLatch(MANY);
      List<Future<Integer>> others = new ArrayList<>();
      for (int i = 1; i <= MANY; i++) {
        int request = i;
        others.add(
            threads.submit(() -> {
              started.countDown();
              return commits.call(request);
            }));
      }
      awaitLatch(started);
      othersWait.countDown();
      assertThat(first.get()).isZero();
      for (int i = 1; i <= MANY; i++) {
        assertThat(others.get(i - 1).get()).isEqualTo(2 * i);
      }
    }
    assertThat(transactions.stream().mapToInt(List::size).sum()).isEqualTo(MANY + 1);
    assertThat(transactions).hasSizeLessThan(MANY / 2);
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  @Test
  void whatOneDoesWrongFailsNobodyElse() throws Exception {
    CountDownLatch firstIsIn = new CountDownLatch(1);
    CountDownLatch othersWait = new CountDownLatch(1);
    GroupCommit<Integer, Integer> commits =
        new GroupCommit<>(
            1,
            requests -> {
              if (requests.contains(0)) {
                firstIsIn.countDown();
                awaitLatch(othersWait);
              }
              if (requests.contains(13)) {
                throw new DataIntegrityViolationException("not this one");
              }
              return doubled(requests);
            });
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> first = threads.submit(() -> commits.call(0));
      awaitLatch(firstIsIn);
      Future<Integer> wrong = threads.submit(() -> commits.call(13));
      Future<Integer> right = threads.submit(() -> commits.call(14));
      othersWait.countDown();
      assertThat(first.get()).isZero();
      assertThat(right.get()).isEqualTo(28);
      assertThatThrownBy(wrong::get).hasRootCauseMessage("not this one");
    }
  }

  @Test
  void aDatabaseThatIsGoneIsAskedOnce() {
    List<Integer> asked = new ArrayList<>();
    GroupCommit<Integer, Integer> commits =
        new GroupCommit<>(
            1,
            requests -> {
              asked.addAll(requests);
              throw new DataAccessResourceFailureException("gone");
            });
    assertThatThrownBy(() -> commits.call(1)).hasMessage("gone");
    assertThat(asked).containsExactly(1);
  }
}
