/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.client.breach;

import org.jspecify.annotations.NullMarked;
