/** The journals of attempts on disk. */
@NullMarked
package dev.mayfly.worker.daemon.journal;

import org.jspecify.annotations.NullMarked;
