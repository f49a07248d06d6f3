/** The Spring Boot process: connects the core to HTTP, gRPC, PostgreSQL and time. */
@NullMarked
package dev.mayfly.server;

import org.jspecify.annotations.NullMarked;
