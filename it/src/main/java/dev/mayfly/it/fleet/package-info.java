/**
 * Whole systems of Mayfly on one machine, each part a process of its own that can be killed: a
 * database, orchestrators, workers.
 */
@NullMarked
package dev.mayfly.it.fleet;

import org.jspecify.annotations.NullMarked;
