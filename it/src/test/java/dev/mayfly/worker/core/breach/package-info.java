/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.worker.core.breach;

import org.jspecify.annotations.NullMarked;
