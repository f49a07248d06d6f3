/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.image.disk.breach;

import org.jspecify.annotations.NullMarked;
