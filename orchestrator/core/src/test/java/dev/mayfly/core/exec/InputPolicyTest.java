package dev.mayfly.core.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.core.exec.InputPolicy.Choice;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputPolicyTest {
  private static final int WINDOW = (int) ExecInput.WINDOW;
  private final ExecInput empty = ExecInput.start(true);

  @Test
  void whatFollowsIsTaken() {
    assertThat(InputPolicy.decide(empty, 0, 10, false)).isEqualTo(new Choice.Take(0, 10, false));
    assertThat(InputPolicy.decide(empty, 0, 10, true)).isEqualTo(new Choice.Take(0, 10, true));
    assertThat(InputPolicy.decide(empty, 0, 0, true)).isEqualTo(new Choice.Take(0, 0, true));
  }

  @Test
  void whatIsKnownIsSkipped() {
    ExecInput input = empty.appended(10, false);
    assertThat(InputPolicy.decide(input, 0, 10, false)).isEqualTo(new Choice.Take(10, 0, false));
    assertThat(InputPolicy.decide(input, 4, 10, false)).isEqualTo(new Choice.Take(6, 4, false));
    assertThat(InputPolicy.decide(input, 0, 10, true)).isEqualTo(new Choice.Take(10, 0, true));
  }

  @Test
  void aGapIsRefusedWithTheOffsetThatIsDue() {
    assertThat(InputPolicy.decide(empty.appended(10, false), 11, 1, false))
        .isEqualTo(new Choice.WrongOffset(10));
  }

  @Test
  void whatIsUnreadFillsTheWindowAndReadingMakesRoom() {
    ExecInput full = empty.appended(WINDOW - 3, false);
    assertThat(InputPolicy.decide(full, WINDOW - 3, 10, true))
        .isEqualTo(new Choice.Take(0, 3, false));
    full = full.appended(3, false);
    assertThat(InputPolicy.decide(full, WINDOW, 1, false)).isEqualTo(new Choice.WindowFull());
    assertThat(InputPolicy.decide(full, WINDOW, 0, true)).isEqualTo(new Choice.Take(0, 0, true));
    assertThat(InputPolicy.decide(full.acknowledged(5, 0), WINDOW, 10, false))
        .isEqualTo(new Choice.Take(0, 5, false));
  }

  @Test
  void nothingFollowsTheEnd() {
    ExecInput ended = empty.appended(10, true);
    assertThat(InputPolicy.decide(ended, 10, 1, false)).isEqualTo(new Choice.Closed());
    assertThat(InputPolicy.decide(ended, 0, 10, true)).isEqualTo(new Choice.Take(10, 0, false));
    assertThat(InputPolicy.decide(ended, 0, 5, true)).isEqualTo(new Choice.Closed());
    assertThat(InputPolicy.decide(ExecInput.start(false), 0, 1, false))
        .isEqualTo(new Choice.Closed());
  }

  @Test
  void anAcknowledgementNeverMovesBackNorBeyondWhatIsStored() {
    ExecInput input = empty.appended(10, false).acknowledged(4, 100);
    assertThat(input.acknowledged(2, 50).acknowledged()).isEqualTo(4);
    assertThat(input.acknowledged(99, 50).acknowledged()).isEqualTo(10);
    assertThat(input.acknowledged(-1, 50).limit()).isEqualTo(ExecInput.FIRST_LIMIT);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void whateverIsRepeatedEveryByteIsTakenOnceAndInOrder(long seed) {
    Random random = new Random(seed);
    ExecInput input = empty;
    int total = 3 * WINDOW;
    long sent = 0;
    for (int i = 0; i < 100_000 && !input.ended(); i++) {
      long offset = Math.max(0, sent - random.nextInt(1000));
      int length = (int) Math.min(total - offset, random.nextInt(100_000));
      boolean end = offset + length == total;
      switch (InputPolicy.decide(input, offset, length, end)) {
        case Choice.Take(int skip, int take, boolean ended) -> {
          assertThat(take == 0 || offset + skip == input.stored()).isTrue();
          input = input.appended(take, ended);
          sent = input.stored();
        }
        case Choice.WrongOffset(long expected) -> sent = expected;
        case Choice.WindowFull() -> input = input.acknowledged(input.acknowledged() + 65536, 0);
        case Choice.Closed() -> throw new AssertionError("closed before its end");
      }
      assertThat(input.stored() - input.acknowledged()).isLessThanOrEqualTo(WINDOW);
    }
    assertThat(input.stored()).isEqualTo(total);
    assertThat(input.ended()).isTrue();
  }
}
