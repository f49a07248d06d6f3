/** Remembers: the schema migrations and the embedded PostgreSQL. */
@NullMarked
package dev.mayfly.db;

import org.jspecify.annotations.NullMarked;
