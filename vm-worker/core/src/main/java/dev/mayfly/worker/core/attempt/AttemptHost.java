package dev.mayfly.worker.core.attempt;

import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.core.guest.GuestSessions;
import dev.mayfly.worker.core.time.Timers;
import dev.mayfly.worker.core.vm.Hypervisor;
import java.security.SecureRandom;
import java.time.InstantSource;

/**
 * Everything an attempt needs of the host.
 *
 * @param wallClock what guests get as their time
 * @param random where guests get their entropy and identity from
 */
public record AttemptHost(
    Bundles bundles,
    MicroVmFiles files,
    AttemptJournals journals,
    Hypervisor hypervisor,
    GuestSessions sessions,
    BootLimits limits,
    Timers timers,
    InstantSource wallClock,
    SecureRandom random) {}
