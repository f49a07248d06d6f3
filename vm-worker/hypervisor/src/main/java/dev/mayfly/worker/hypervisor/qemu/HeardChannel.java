package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.core.guest.GuestChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A channel whose last words are kept for whoever asks why its guest died. */
final class HeardChannel implements GuestChannel {
  private final GuestChannel channel;
  private final BoundedText heard;

  HeardChannel(GuestChannel channel, BoundedText heard) {
    this.channel = channel;
    this.heard = heard;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    int begin = into.position();
    int count = channel.read(into);
    if (count > 0) {
      byte[] bytes = new byte[count];
      into.get(begin, bytes);
      heard.append(new String(bytes, StandardCharsets.US_ASCII));
    }
    return count;
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    channel.write(from);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
