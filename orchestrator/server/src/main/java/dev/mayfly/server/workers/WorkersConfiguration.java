package dev.mayfly.server.workers;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.server.logs.LogFeed;
import dev.mayfly.server.security.AccessTokens;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.boot.grpc.server.autoconfigure.GrpcServerExecutorProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.grpc.server.GlobalServerInterceptor;

/** The worker link. */
@Configuration(proxyBeanMethods = false)
public class WorkersConfiguration {

  @Bean(destroyMethod = "close")
  ExecutorService grpcThreads() {
    return Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("grpc-", 0).factory());
  }

  @Bean
  GrpcServerExecutorProvider grpcServerExecutorProvider(ExecutorService grpcThreads) {
    return () -> grpcThreads;
  }

  @Bean
  @GlobalServerInterceptor
  WorkerTokenInterceptor workerTokenInterceptor(AccessTokens tokens) {
    return new WorkerTokenInterceptor(tokens);
  }

  @Bean
  ConnectedWorkers connectedWorkers(WorkerStore workers) {
    return new ConnectedWorkers(workers);
  }

  @Bean
  AssignmentReconciler assignmentReconciler(
      ConnectedWorkers connected, JobStore jobs, JobDesk desk, LogFeed feed, InstantSource clock) {
    return new AssignmentReconciler(connected, jobs, desk, feed, clock);
  }

  @Bean
  WorkerLinkService workerLinkService(
      JobDesk desk,
      JobStore jobs,
      WorkerStore workers,
      LogStore logs,
      LogFeed feed,
      Nudges nudges,
      LeasePolicy leases,
      ConnectedWorkers connected,
      InstantSource clock) {
    return new WorkerLinkService(
        new WorkerLinkContext(desk, jobs, workers, logs, feed, nudges, leases, connected, clock));
  }
}
