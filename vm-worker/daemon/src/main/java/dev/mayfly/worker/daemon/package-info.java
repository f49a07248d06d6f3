/** The worker process. */
@NullMarked
package dev.mayfly.worker.daemon;

import org.jspecify.annotations.NullMarked;
