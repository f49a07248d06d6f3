/** The monotonic clock and the timers that all waiting on this host goes through. */
@NullMarked
package dev.mayfly.worker.core.time;

import org.jspecify.annotations.NullMarked;
