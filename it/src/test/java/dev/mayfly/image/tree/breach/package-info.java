/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.image.tree.breach;

import org.jspecify.annotations.NullMarked;
