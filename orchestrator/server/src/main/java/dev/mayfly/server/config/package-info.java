/** Settings: read once, checked, unknown keys refused. */
@NullMarked
package dev.mayfly.server.config;

import org.jspecify.annotations.NullMarked;
