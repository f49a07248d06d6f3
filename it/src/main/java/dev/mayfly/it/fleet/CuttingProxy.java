package dev.mayfly.it.fleet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TCP relay on loopback that hands each new connection to the next of its targets that answers,
 * as a load balancer would, can cut all connections at once and be as slow as a long way.
 * Thread-safe.
 */
public final class CuttingProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int CONNECT_MILLIS = 1000;
  private static final long NANOS = 1_000_000_000;

  private final ServerSocket listener;
  private final List<Integer> targets;
  private final AtomicInteger next = new AtomicInteger();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile int bytesPerSecond = Integer.MAX_VALUE;

  private CuttingProxy(ServerSocket listener, List<Integer> targets) {
    this.listener = listener;
    this.targets = List.copyOf(targets);
  }

  /**
   * Listens on a free port of 127.0.0.1.
   *
   * @param targets ports of 127.0.0.1
   * @param first which of them gets the first connection
   */
  public static CuttingProxy start(List<Integer> targets, int first) throws IOException {
    ServerSocket listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    CuttingProxy proxy = new CuttingProxy(listener, targets);
    proxy.next.set(first);
    Thread.ofPlatform().daemon().name("proxy").start(proxy::accept);
    return proxy;
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** From now on no connection carries more in either direction. */
  public void slowTo(int mostBytesPerSecond) {
    bytesPerSecond = mostBytesPerSecond;
  }

  /** Cuts every connection, in the middle of whatever it carries; returns how many. */
  public int cut() {
    int cut = 0;
    for (Socket socket : open) {
      close(socket);
      cut++;
    }
    return cut / 2;
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket from = listener.accept();
        Thread.ofVirtual().start(() -> connect(from));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void connect(Socket from) {
    for (int tried = 0; tried < targets.size(); tried++) {
      int port = targets.get(Math.floorMod(next.getAndIncrement(), targets.size()));
      try {
        Socket to = new Socket();
        to.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
        open.add(from);
        open.add(to);
        Thread.ofVirtual().start(() -> relay(from, to));
        Thread.ofVirtual().start(() -> relay(to, from));
        return;
      } catch (IOException notThere) {
        // The next one may be.
      }
    }
    close(from);
  }

  private void relay(Socket from, Socket to) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        out.write(buffer, 0, read);
        Thread.sleep(Duration.ofNanos(read * NANOS / bytesPerSecond));
      }
    } catch (InterruptedException never) {
      Thread.currentThread().interrupt();
    } catch (IOException cut) {
      // Both ends learn of it below.
    } finally {
      close(from);
      close(to);
    }
  }

  private void close(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
    } catch (IOException ignored) {
      // It is closed then.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }
}
