package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** Stores output, but always holds back the last bytes of each stream until it ends. */
public final class HoldingSink implements OutputSink {
  private static final class Stream {
    private final ByteArrayOutputStream stored = new ByteArrayOutputStream();
    private byte[] held = new byte[0];
    private long ended = -1;
  }

  private final int most;
  private final Map<GuestStream, Stream> streams = new EnumMap<>(GuestStream.class);

  /**
   * @param most how many bytes of a stream are held back
   */
  public HoldingSink(int most) {
    this.most = most;
    for (GuestStream stream : GuestStream.values()) {
      streams.put(stream, new Stream());
    }
  }

  @Override
  public synchronized long output(GuestStream stream, long offset, byte[] data) {
    Stream state = of(stream);
    int due = state.stored.size() + state.held.length;
    if (offset != due || state.ended >= 0) {
      throw new IllegalStateException(stream + " continues at " + offset + " instead of " + due);
    }
    byte[] all = Arrays.copyOf(state.held, state.held.length + data.length);
    System.arraycopy(data, 0, all, state.held.length, data.length);
    int store = Math.max(0, all.length - most);
    state.stored.write(all, 0, store);
    state.held = Arrays.copyOfRange(all, store, all.length);
    return state.stored.size();
  }

  @Override
  public synchronized void ended(GuestStream stream, long offset) {
    Stream state = of(stream);
    state.stored.writeBytes(state.held);
    state.held = new byte[0];
    if (state.ended >= 0 || offset != state.stored.size()) {
      throw new IllegalStateException(stream + " ends at " + offset + " after " + state.ended);
    }
    state.ended = offset;
  }

  /** As a worker that restarts: what was only held is gone. */
  public synchronized void forgetHeld() {
    streams.values().forEach(state -> state.held = new byte[0]);
  }

  public synchronized long safe(GuestStream stream) {
    return of(stream).stored.size();
  }

  /** Where the stream was said to end; -1 before. */
  public synchronized long end(GuestStream stream) {
    return of(stream).ended;
  }

  public synchronized byte[] bytes(GuestStream stream) {
    return of(stream).stored.toByteArray();
  }

  private Stream of(GuestStream stream) {
    return streams.computeIfAbsent(stream, key -> new Stream());
  }
}
