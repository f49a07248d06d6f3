/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.worker.linux.breach;

import org.jspecify.annotations.NullMarked;
