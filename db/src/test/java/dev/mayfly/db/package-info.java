/** Doubts it, and lends PostgreSQL to the tests of the other rooms. */
@NullMarked
package dev.mayfly.db;

import org.jspecify.annotations.NullMarked;
