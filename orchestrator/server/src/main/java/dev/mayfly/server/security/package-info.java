/** Tokens: who may call. */
@NullMarked
package dev.mayfly.server.security;

import org.jspecify.annotations.NullMarked;
