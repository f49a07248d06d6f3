/** The lease: a worker's time-limited exclusive right to an attempt. */
@NullMarked
package dev.mayfly.core.lease;

import org.jspecify.annotations.NullMarked;
