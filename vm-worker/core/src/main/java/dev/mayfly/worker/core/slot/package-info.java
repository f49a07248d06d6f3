/** What this host offers to microVMs, and what of it is taken. */
@NullMarked
package dev.mayfly.worker.core.slot;

import org.jspecify.annotations.NullMarked;
