/** Attempts: from assignment to report, one owner thread each. */
@NullMarked
package dev.mayfly.worker.core.attempt;

import org.jspecify.annotations.NullMarked;
