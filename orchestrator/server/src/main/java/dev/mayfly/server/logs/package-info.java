/** Wakes those who follow a log. */
@NullMarked
package dev.mayfly.server.logs;

import org.jspecify.annotations.NullMarked;
