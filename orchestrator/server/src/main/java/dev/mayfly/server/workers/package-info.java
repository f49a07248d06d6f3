/** The worker link: one gRPC stream per worker. */
@NullMarked
package dev.mayfly.server.workers;

import org.jspecify.annotations.NullMarked;
