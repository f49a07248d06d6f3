/** Guests without our agent: their console is the output, and their power-off the end. */
@NullMarked
package dev.mayfly.worker.core.console;

import org.jspecify.annotations.NullMarked;
