/** Pipeline step and cloud for Jenkins; empty until they are built. */
@NullMarked
package dev.mayfly.jenkins;

import org.jspecify.annotations.NullMarked;
