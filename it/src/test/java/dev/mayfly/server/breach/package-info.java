/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.server.breach;

import org.jspecify.annotations.NullMarked;
