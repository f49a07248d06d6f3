/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.image.builder.breach;

import org.jspecify.annotations.NullMarked;
