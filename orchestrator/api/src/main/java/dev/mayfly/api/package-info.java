/** Ids and value types that every room shares; nothing here does I/O. */
@NullMarked
package dev.mayfly.api;

import org.jspecify.annotations.NullMarked;
