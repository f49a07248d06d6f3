/** The engine as a whole: several orchestrators and workers as processes, on loopback VMMs. */
@NullMarked
package dev.mayfly.it.engine;

import org.jspecify.annotations.NullMarked;
