package dev.mayfly.worker.core.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.Shape;
import dev.mayfly.worker.core.slot.SlotLedger.Claim;
import org.junit.jupiter.api.Test;

class SlotLedgerTest {
  private final SlotLedger ledger = new SlotLedger(new HostCapacity(4, 2048, 8192));

  @Test
  void whatFitsIsClaimed() {
    assertThat(ledger.claim("a", new Shape(4, 2048, 8192))).isEqualTo(new Claim.Claimed());
    assertThat(ledger.free()).isEqualTo(new HostCapacity(0, 0, 0));
  }

  @Test
  void nothingIsOvercommittedAndTheReasonNamesWhatLacks() {
    ledger.claim("a", new Shape(3, 1024, 4096));
    assertThat(ledger.claim("b", new Shape(2, 1025, 4096)))
        .isEqualTo(
            new Claim.Full(
                "worker is full: 2 CPUs asked, 1 of 4 free; 1025 MiB of memory asked, 1024 of 2048 free"));
    assertThat(ledger.claim("c", new Shape(1, 1024, 4097)))
        .isEqualTo(new Claim.Full("worker is full: 4097 MiB of scratch asked, 4096 of 8192 free"));
  }

  @Test
  void aRefusedClaimTakesNothing() {
    ledger.claim("a", new Shape(5, 512, 64));
    assertThat(ledger.free()).isEqualTo(ledger.capacity());
  }

  @Test
  void releasingTwiceGivesBackOnce() {
    ledger.claim("a", new Shape(1, 512, 64));
    ledger.claim("b", new Shape(1, 512, 64));
    ledger.release("a");
    ledger.release("a");
    assertThat(ledger.free()).isEqualTo(new HostCapacity(3, 1536, 8128));
  }

  @Test
  void oneOwnerHasOneSlot() {
    ledger.claim("a", new Shape(1, 512, 64));
    assertThatThrownBy(() -> ledger.claim("a", new Shape(1, 512, 64)))
        .isInstanceOf(IllegalStateException.class);
  }
}
