/** The job: what was asked, its states, and the port to where it is kept. */
@NullMarked
package dev.mayfly.core.job;

import org.jspecify.annotations.NullMarked;
