/** What is let in. */
@NullMarked
package dev.mayfly.core.quota;

import org.jspecify.annotations.NullMarked;
