/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.cli.breach;

import org.jspecify.annotations.NullMarked;
