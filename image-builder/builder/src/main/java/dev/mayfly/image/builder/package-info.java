/** From recipe to boot bundle. */
@NullMarked
package dev.mayfly.image.builder;

import org.jspecify.annotations.NullMarked;
