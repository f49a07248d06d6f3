/** The only room that knows a system call. */
@NullMarked
package dev.mayfly.worker.linux;

import org.jspecify.annotations.NullMarked;
