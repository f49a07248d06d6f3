package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSession.OutputSink;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;

/** Keeps output in memory and insists that it comes without gap and repetition. */
public final class CollectingSink implements OutputSink {
  private final Map<GuestStream, ByteArrayOutputStream> streams = new EnumMap<>(GuestStream.class);

  public CollectingSink() {
    for (GuestStream stream : GuestStream.values()) {
      streams.put(stream, new ByteArrayOutputStream());
    }
  }

  @Override
  public synchronized long output(GuestStream stream, long offset, byte[] data) {
    if (offset != safe(stream) || data.length == 0) {
      throw new IllegalStateException(
          stream + " continues at " + offset + " instead of " + safe(stream));
    }
    collected(stream).writeBytes(data);
    return offset + data.length;
  }

  public synchronized long safe(GuestStream stream) {
    return collected(stream).size();
  }

  public synchronized byte[] bytes(GuestStream stream) {
    return collected(stream).toByteArray();
  }

  public String text(GuestStream stream) {
    return new String(bytes(stream), StandardCharsets.UTF_8);
  }

  private ByteArrayOutputStream collected(GuestStream stream) {
    return streams.computeIfAbsent(stream, key -> new ByteArrayOutputStream());
  }
}
