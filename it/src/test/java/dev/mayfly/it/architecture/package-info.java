/** The import table of the architecture, checked. */
@NullMarked
package dev.mayfly.it.architecture;

import org.jspecify.annotations.NullMarked;
