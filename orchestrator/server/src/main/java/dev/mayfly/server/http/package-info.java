/** REST v1. */
@NullMarked
package dev.mayfly.server.http;

import org.jspecify.annotations.NullMarked;
