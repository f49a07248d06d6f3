/** Images from real registries, layouts and archives, as this machine's builder makes them. */
@NullMarked
package dev.mayfly.it.image;

import org.jspecify.annotations.NullMarked;
