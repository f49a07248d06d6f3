package dev.mayfly.worker.core.undo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UndoTest {
  private static final int STEPS = 5;
  private static final int NONE = -1;

  /** Fail at step {@code step} (STEPS: at none), and let undo {@code undo} fail once. */
  record Row(int step, int undo) {}

  static List<Row> faults() {
    var rows = new ArrayList<Row>();
    for (int step = 0; step <= STEPS; step++) {
      for (int undo = NONE; undo < step; undo++) {
        rows.add(new Row(step, undo));
      }
    }
    return rows;
  }

  @ParameterizedTest
  @MethodSource("faults")
  void whateverStepFailsAndWhateverUndoFailsOnceNothingIsLeft(Row row) {
    var world = new ArrayList<Integer>();
    var failedOnce = new ArrayList<Integer>();
    var undo = new Undo();
    for (int step = 0; step < STEPS; step++) {
      if (step == row.step()) {
        break;
      }
      int resource = step;
      world.add(resource);
      undo.push(
          "resource " + resource,
          () -> {
            if (resource == row.undo() && !failedOnce.contains(resource)) {
              failedOnce.add(resource);
              throw new IOException("not now");
            }
            world.remove((Integer) resource);
          });
    }

    if (row.undo() == NONE) {
      undo.close();
    } else {
      assertThatThrownBy(undo::close)
          .isInstanceOf(UndoException.class)
          .hasMessage("could not undo resource " + row.undo())
          .satisfies(failure ->
              assertThat(failure.getSuppressed())
                  .hasSize(1)
                  .hasOnlyElementsOfType(IOException.class));
      assertThat(world).containsExactly(row.undo());
    }
    undo.close();
    undo.close();

    assertThat(world).isEmpty();
    assertThat(undo.pending()).isEmpty();
  }

  @Test
  void theLastAcquiredIsUndoneFirst() {
    var order = new ArrayList<String>();
    try (var undo = new Undo()) {
      undo.push("first", () -> order.add("first"));
      undo.push("second", () -> order.add("second"));
      assertThat(undo.pending()).containsExactly("second", "first");
    }
    assertThat(order).containsExactly("second", "first");
  }

  @Test
  void failuresAreRetriedInTheSameOrder() {
    var order = new ArrayList<String>();
    var undo = new Undo();
    var broken = new boolean[] {true};
    for (var name : List.of("first", "second")) {
      undo.push(
          name,
          () -> {
            if (broken[0]) {
              throw new IOException(name);
            }
            order.add(name);
          });
    }
    assertThatThrownBy(undo::close)
        .hasMessage("could not undo second, first")
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(2));
    broken[0] = false;
    undo.close();
    assertThat(order).containsExactly("second", "first");
  }

  @Test
  void disarmKeepsTheResources() {
    var world = new ArrayList<>(List.of("tap"));
    try (var undo = new Undo()) {
      undo.push("tap", world::clear);
      undo.disarm();
    }
    assertThat(world).containsExactly("tap");
  }

  @Test
  void aPushAfterDisarmIsABug() {
    var undo = new Undo();
    undo.disarm();
    assertThatThrownBy(() -> undo.push("tap", () -> {})).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aStragglerIsUndoneAtOnce() {
    var world = new ArrayList<String>();
    var undo = new Undo();
    undo.close();
    world.add("late");
    assertThatThrownBy(() -> undo.push("late", world::clear))
        .isInstanceOf(IllegalStateException.class);
    assertThat(world).isEmpty();
    assertThat(undo.pending()).isEmpty();
  }

  @Test
  void anInterruptDoesNotStopUndoingAndIsKept() {
    var undone = new ArrayList<Boolean>();
    var undo = new Undo();
    undo.push("process", () -> undone.add(Thread.currentThread().isInterrupted()));
    Thread.currentThread().interrupt();
    undo.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(undone).containsExactly(false);
  }

  @Test
  void theFailureOfTheBodyIsKeptBesideTheFailureOfTheUndo() {
    assertThatThrownBy(
            () -> {
              try (var undo = new Undo()) {
                undo.push(
                    "tap",
                    () -> {
                      throw new IOException("busy");
                    });
                throw new IllegalArgumentException("body");
              }
            })
        .hasMessage("body")
        .satisfies(failure ->
            assertThat(failure.getSuppressed()).hasOnlyElementsOfType(UndoException.class));
  }
}
