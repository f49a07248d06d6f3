/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.worker.hypervisor.breach;

import org.jspecify.annotations.NullMarked;
