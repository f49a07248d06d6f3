/** The fleet: workers, what they offer and what of it is used. */
@NullMarked
package dev.mayfly.core.fleet;

import org.jspecify.annotations.NullMarked;
