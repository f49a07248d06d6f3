/** The C agent and the Java host side of the guest protocol, each against the other. */
@NullMarked
package dev.mayfly.it.guest;

import org.jspecify.annotations.NullMarked;
