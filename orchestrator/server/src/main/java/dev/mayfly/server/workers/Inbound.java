package dev.mayfly.server.workers;

import dev.mayfly.api.worker.v1.WorkerMessage;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What comes up from one worker: a mailbox that never overflows, because no more messages are asked
 * of gRPC than it has room for. That is the flow control: a worker that logs faster than we store
 * is held back, down to the guest's pipe.
 */
class Inbound implements StreamObserver<WorkerMessage> {

  /** Enough that a full batch of log chunks is there when the one before it is stored. */
  static final int CAPACITY = 128;

  /** What the owner of the mailbox takes from it. */
  sealed interface Item {
    record Message(WorkerMessage message) implements Item {}

    /** The worker ended its side, or the connection broke. */
    record End(@Nullable Throwable failure) implements Item {}
  }

  private final ServerCallStreamObserver<?> call;
  private final BlockingQueue<Item> mailbox = new LinkedBlockingQueue<>(CAPACITY + 1);
  private @Nullable Item peeked;

  Inbound(ServerCallStreamObserver<?> call) {
    this.call = call;
    call.disableAutoRequest();
  }

  void open() {
    call.request(CAPACITY);
  }

  @Override
  public void onNext(WorkerMessage message) {
    if (!mailbox.offer(new Item.Message(message))) {
      throw new IllegalStateException("more messages came than were asked for");
    }
  }

  @Override
  public void onError(Throwable failure) {
    end(new Item.End(failure));
  }

  @Override
  public void onCompleted() {
    end(new Item.End(null));
  }

  /** Wakes the owner from our side. */
  void stop() {
    end(new Item.End(null));
  }

  private void end(Item.End end) {
    // When there is no room, another end is there already: either one will do.
    boolean _ = mailbox.offer(end);
  }

  /** The next item; null when none came in time. Only the owner's thread calls this. */
  @Nullable Item take(Duration most) throws InterruptedException {
    Item item = peeked;
    peeked = null;
    if (item == null) {
      item = mailbox.poll(most.toMillis(), TimeUnit.MILLISECONDS);
    }
    if (item instanceof Item.Message) {
      call.request(1);
    }
    return item;
  }

  /** The next item if it is there already; it stays. Only the owner's thread calls this. */
  @Nullable Item peek() {
    if (peeked == null) {
      peeked = mailbox.poll();
    }
    return peeked;
  }

  /** Takes what {@link #peek} has shown. */
  void takePeeked() {
    if (peeked == null) {
      throw new IllegalStateException("nothing was shown");
    }
    peeked = null;
    call.request(1);
  }
}
