package dev.mayfly.worker.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LeaseAsksTest {
  private final LeaseAsks asks = new LeaseAsks(-5);

  @Test
  void messagesAreNumberedFromTheRegistration() {
    asks.heartbeat(10);
    asks.heartbeat(20);
    assertThat(asks.sentAt(0)).isEqualTo(-5);
    assertThat(asks.sentAt(1)).isEqualTo(10);
    assertThat(asks.sentAt(2)).isEqualTo(20);
  }

  @Test
  void repliesAnswerHeartbeatsInTheirOrder() {
    assertThat(asks.answered()).isEmpty();
    asks.heartbeat(10);
    asks.heartbeat(20);
    assertThat(asks.answered()).isEqualTo(OptionalLong.of(10));
    assertThat(asks.answered()).isEqualTo(OptionalLong.of(20));
    assertThat(asks.answered()).isEmpty();
    asks.heartbeat(30);
    assertThat(asks.answered()).isEqualTo(OptionalLong.of(30));
    assertThat(asks.sentAt(1)).isEqualTo(10);
  }

  @Test
  void whatIsTooOldToBeKnownCountsFromTheRegistration() {
    for (int number = 1; number <= LeaseAsks.REMEMBERED + 1; number++) {
      asks.heartbeat(number);
    }
    assertThat(asks.sentAt(LeaseAsks.REMEMBERED + 1)).isEqualTo(LeaseAsks.REMEMBERED + 1);
    assertThat(asks.sentAt(2)).isEqualTo(2);
    assertThat(asks.sentAt(1)).isEqualTo(-5);
    assertThat(asks.answered()).isEqualTo(OptionalLong.of(-5));
    assertThat(asks.answered()).isEqualTo(OptionalLong.of(2));
  }

  @Test
  void whatWasNotSentIsNoMessage() {
    asks.heartbeat(10);
    assertThatThrownBy(() -> asks.sentAt(2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lease_from_message is 2, but the last heartbeat was number 1");
    assertThatThrownBy(() -> asks.sentAt(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("lease_from_message is 4294967295");
  }
}
