/** Removing what no living microVM owns. */
@NullMarked
package dev.mayfly.worker.core.janitor;

import org.jspecify.annotations.NullMarked;
