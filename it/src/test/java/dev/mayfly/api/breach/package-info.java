/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.api.breach;

import org.jspecify.annotations.NullMarked;
