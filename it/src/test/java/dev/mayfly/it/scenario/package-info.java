/** Whole systems as a user starts them: real processes, a real PostgreSQL, real microVMs. */
@NullMarked
package dev.mayfly.it.scenario;

import org.jspecify.annotations.NullMarked;
