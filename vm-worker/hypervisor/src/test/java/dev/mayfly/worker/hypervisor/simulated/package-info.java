/** A hypervisor without machines, for the tests of whoever boots microVMs. */
@NullMarked
package dev.mayfly.worker.hypervisor.simulated;

import org.jspecify.annotations.NullMarked;
