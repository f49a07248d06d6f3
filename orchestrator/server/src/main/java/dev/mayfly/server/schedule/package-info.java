/** Runs the reconcilers and, by Quartz, retention. */
@NullMarked
package dev.mayfly.server.schedule;

import org.jspecify.annotations.NullMarked;
