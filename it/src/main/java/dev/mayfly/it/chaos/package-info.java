/**
 * Chaos: a stream of jobs while every part of the system is killed at random, and a count of what
 * was lost.
 */
@NullMarked
package dev.mayfly.it.chaos;

import org.jspecify.annotations.NullMarked;
