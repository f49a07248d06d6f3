/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.image.bundle.breach;

import org.jspecify.annotations.NullMarked;
