/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.core.breach;

import org.jspecify.annotations.NullMarked;
