/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.image.registry.breach;

import org.jspecify.annotations.NullMarked;
