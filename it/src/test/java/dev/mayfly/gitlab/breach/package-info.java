/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.gitlab.breach;

import org.jspecify.annotations.NullMarked;
