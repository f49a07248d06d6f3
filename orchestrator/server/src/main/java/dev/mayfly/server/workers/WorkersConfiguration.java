package dev.mayfly.server.workers;

import dev.mayfly.core.exec.ExecNudges;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleOnWorkerStore;
import dev.mayfly.core.image.ImageBuildDesk;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.job.JobDesk;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.lease.LeasePolicy;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.server.logs.LogFeed;
import dev.mayfly.server.persistence.Notices;
import dev.mayfly.server.persistence.PendingAssignments;
import dev.mayfly.server.persistence.PlacementNews;
import dev.mayfly.server.persistence.WorkerConnections;
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
  ConnectedWorkers connectedWorkers(WorkerConnections numbers, Notices notices) {
    return new ConnectedWorkers(numbers, notices);
  }

  @Bean
  AssignmentReconciler assignmentReconciler(
      ConnectedWorkers connected,
      JobStore jobs,
      PendingAssignments pending,
      JobDesk desk,
      LogFeed feed,
      Notices notices,
      PlacementNews news,
      InstantSource clock) {
    AssignmentReconciler assignments =
        new AssignmentReconciler(connected, jobs, pending, desk, feed, notices, clock);
    news.onPlaced(assignments::placed);
    return assignments;
  }

  @Bean
  OtherOrchestrators otherOrchestrators(
      Notices notices,
      ConnectedWorkers connected,
      WorkerNudges nudges,
      ExecNudges execs,
      ImageNudges images,
      LogFeed feed) {
    OtherOrchestrators others = new OtherOrchestrators(connected, nudges, execs, images, feed);
    notices.listen(others);
    return others;
  }

  @Bean
  ExecRelay execRelay(
      ConnectedWorkers connected, ExecStore execs, LogFeed feed, InstantSource clock) {
    return new ExecRelay(connected, execs, feed, clock);
  }

  @Bean
  WorkerLinkService workerLinkService(
      JobDesk desk,
      JobStore jobs,
      WorkerStore workers,
      LogStore logs,
      ExecStore execs,
      ExecNudges execNudges,
      BundleOnWorkerStore onWorkers,
      ImageBuildStore builds,
      ImageBuildDesk buildDesk,
      ImageNudges imageNudges,
      LogFeed feed,
      WorkerNudges nudges,
      LeasePolicy leases,
      ConnectedWorkers connected,
      InstantSource clock) {
    return new WorkerLinkService(
        new WorkerLinkContext(
            desk,
            jobs,
            workers,
            logs,
            execs,
            execNudges,
            onWorkers,
            builds,
            buildDesk,
            imageNudges,
            feed,
            nudges,
            leases,
            connected,
            clock));
  }
}
