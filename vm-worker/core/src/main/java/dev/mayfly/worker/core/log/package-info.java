/** A job's output on its way out: cut into numbered chunks and spooled until acknowledged. */
@NullMarked
package dev.mayfly.worker.core.log;

import org.jspecify.annotations.NullMarked;
