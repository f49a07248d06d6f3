/** The launcher script, driven as a user drives it. */
@NullMarked
package dev.mayfly.it.launcher;

import org.jspecify.annotations.NullMarked;
