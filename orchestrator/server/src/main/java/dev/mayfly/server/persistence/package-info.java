/** The core's stores on PostgreSQL: JPA, and SQL where JPA is wrong for it. */
@NullMarked
package dev.mayfly.server.persistence;

import org.jspecify.annotations.NullMarked;
