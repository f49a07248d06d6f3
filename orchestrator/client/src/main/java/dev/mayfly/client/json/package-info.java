/** A small strict JSON reader and writer, so that front ends need no library for it. */
@NullMarked
package dev.mayfly.client.json;

import org.jspecify.annotations.NullMarked;
