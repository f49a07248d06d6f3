/**
 * Execs of a session: commands and transfers in one microVM, and the port to where they are kept.
 */
@NullMarked
package dev.mayfly.core.exec;

import org.jspecify.annotations.NullMarked;
