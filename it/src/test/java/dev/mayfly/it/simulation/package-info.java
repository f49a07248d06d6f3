/**
 * The real cores of orchestrators and workers in one thread, under simulated time, with faults
 * drawn from a seed.
 */
@NullMarked
package dev.mayfly.it.simulation;

import org.jspecify.annotations.NullMarked;
