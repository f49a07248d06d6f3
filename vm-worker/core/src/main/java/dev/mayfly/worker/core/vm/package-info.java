/** The microVM: what it is made of, its states, and the port to the programs that run it. */
@NullMarked
package dev.mayfly.worker.core.vm;

import org.jspecify.annotations.NullMarked;
