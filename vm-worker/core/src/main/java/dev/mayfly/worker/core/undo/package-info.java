/** Taking back what was acquired, last first, however much of it fails. */
@NullMarked
package dev.mayfly.worker.core.undo;

import org.jspecify.annotations.NullMarked;
