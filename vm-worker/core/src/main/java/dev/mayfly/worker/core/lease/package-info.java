/** The lease under which this worker speaks about an attempt. */
@NullMarked
package dev.mayfly.worker.core.lease;

import org.jspecify.annotations.NullMarked;
