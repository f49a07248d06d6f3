package dev.mayfly.worker.daemon.config;

/** Where an orchestrator listens for workers. */
public record OrchestratorAddress(String host, int port) {

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
