package dev.mayfly.server.workers;

import dev.mayfly.server.security.AccessTokens;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Refuses every gRPC call that does not carry the workers' token. */
class WorkerTokenInterceptor implements ServerInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final AccessTokens tokens;

  WorkerTokenInterceptor(AccessTokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String authorization = headers.get(AUTHORIZATION);
    if (authorization == null || !tokens.opens(authorization, AccessTokens.Purpose.WORKER)) {
      call.close(
          Status.UNAUTHENTICATED.withDescription(
              "the worker token is missing or wrong; it lies in secrets/worker-token of the"
                  + " orchestrator's state directory"),
          new Metadata());
      return new ServerCall.Listener<>() {};
    }
    return next.startCall(call, headers);
  }
}
