/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.jenkins.breach;

import org.jspecify.annotations.NullMarked;
