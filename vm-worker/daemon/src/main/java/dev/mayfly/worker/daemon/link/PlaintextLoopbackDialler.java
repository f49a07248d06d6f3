package dev.mayfly.worker.daemon.link;

import dev.mayfly.worker.daemon.config.OrchestratorAddress;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Dials without encryption, and therefore only this machine: the join token would be readable on
 * any other way. The address that was checked is the address that is dialled.
 */
public final class PlaintextLoopbackDialler implements LinkPorts.Dialler, AutoCloseable {
  /** The largest message the orchestrator sends is an assignment: at most 1 MiB of command. */
  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  /** Only when nothing at all has come for this long; heartbeats normally do the same. */
  private static final int KEEPALIVE_SECONDS = 60;

  private static final int KEEPALIVE_LIMIT_SECONDS = 20;

  private final List<OrchestratorAddress> addresses;
  private final AtomicInteger next = new AtomicInteger();
  private final EventLoopGroup group = new NioEventLoopGroup(1);

  /**
   * @param addresses at least one; each call dials the next, so that one that is down is left
   *     behind
   */
  public PlaintextLoopbackDialler(List<OrchestratorAddress> addresses) {
    this.addresses = List.copyOf(addresses);
  }

  @Override
  public ManagedChannel dial() throws IOException {
    var orchestrator = addresses.get(Math.floorMod(next.getAndIncrement(), addresses.size()));
    var host = orchestrator.host();
    var address = InetAddress.getByName(host);
    if (!address.isLoopbackAddress()) {
      throw new IOException(
          "the worker token is not sent in plain text to " + host + ", which is another machine");
    }
    return NettyChannelBuilder.forAddress(new InetSocketAddress(address, orchestrator.port()))
        .usePlaintext()
        .eventLoopGroup(group)
        .channelType(NioSocketChannel.class)
        .directExecutor()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEPALIVE_LIMIT_SECONDS, TimeUnit.SECONDS)
        .disableRetry()
        .build();
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
