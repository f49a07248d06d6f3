/** The guest agent: PID 1 of every guest, a static C program carried as a resource. */
@NullMarked
package dev.mayfly.image.agent;

import org.jspecify.annotations.NullMarked;
