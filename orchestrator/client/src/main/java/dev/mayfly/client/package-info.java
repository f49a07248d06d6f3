/** How front ends speak to the orchestrator: REST over JDK HTTP, no other dependency. */
@NullMarked
package dev.mayfly.client;

import org.jspecify.annotations.NullMarked;
