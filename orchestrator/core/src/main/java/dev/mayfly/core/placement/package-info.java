/** Placement: which worker gets which job, and why a job waits. */
@NullMarked
package dev.mayfly.core.placement;

import org.jspecify.annotations.NullMarked;
