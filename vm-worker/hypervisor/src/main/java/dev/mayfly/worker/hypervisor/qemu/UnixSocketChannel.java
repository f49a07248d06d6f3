package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.core.guest.GuestChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A connection to a Unix socket that a VMM listens on. */
final class UnixSocketChannel implements GuestChannel {
  private final SocketChannel socket;

  private UnixSocketChannel(SocketChannel socket) {
    this.socket = socket;
  }

  static UnixSocketChannel connect(Path path) throws IOException {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    boolean connected = false;
    try {
      socket.connect(UnixDomainSocketAddress.of(path));
      connected = true;
      return new UnixSocketChannel(socket);
    } finally {
      if (!connected) {
        socket.close();
      }
    }
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return socket.read(into);
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      socket.write(from);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
