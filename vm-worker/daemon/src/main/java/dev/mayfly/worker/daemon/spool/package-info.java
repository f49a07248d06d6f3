/** The log spool on disk. */
@NullMarked
package dev.mayfly.worker.daemon.spool;

import org.jspecify.annotations.NullMarked;
