/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.image.source.breach;

import org.jspecify.annotations.NullMarked;
