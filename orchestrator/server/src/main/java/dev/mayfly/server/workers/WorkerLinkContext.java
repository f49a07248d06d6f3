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
import java.time.InstantSource;

/** What every connection works with. */
record WorkerLinkContext(
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
    InstantSource clock) {}
