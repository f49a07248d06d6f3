package dev.mayfly.worker.daemon.link;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A channel to one of the orchestrators beside the link, for files: used by all calls until one of
 * them fails, then another is dialled. Thread-safe.
 */
public final class Orchestrators implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final LinkPorts.Dialler dialler;
  private final LinkPorts.TokenSource token;
  private final int count;
  private @Nullable ManagedChannel current;

  /**
   * @param dialler each call of it dials the next
   * @param count how many there are
   */
  public Orchestrators(LinkPorts.Dialler dialler, LinkPorts.TokenSource token, int count) {
    this.dialler = dialler;
    this.token = token;
    this.count = count;
  }

  int count() {
    return count;
  }

  /** The channel to use now. */
  synchronized ManagedChannel channel() throws IOException {
    var channel = current;
    if (channel == null || channel.isShutdown()) {
      channel = dialler.dial();
      current = channel;
    }
    return channel;
  }

  /** A stub on the channel, with our token. */
  <S extends AbstractStub<S>> S stub(ManagedChannel channel, Function<ManagedChannel, S> make)
      throws IOException {
    var headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + token.read());
    return make.apply(channel).withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** A call on it failed: the next one dials again. Calls that run on it go on. */
  synchronized void failed(ManagedChannel channel) {
    if (current == channel) {
      current = null;
    }
    channel.shutdown();
  }

  /** Ends every call. */
  @Override
  public synchronized void close() {
    if (current != null) {
      current.shutdownNow();
      current = null;
    }
  }
}
