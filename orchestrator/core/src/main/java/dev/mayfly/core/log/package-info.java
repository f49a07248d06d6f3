/** Logs: numbered chunks of what a job printed, stored once, read by cursor. */
@NullMarked
package dev.mayfly.core.log;

import org.jspecify.annotations.NullMarked;
