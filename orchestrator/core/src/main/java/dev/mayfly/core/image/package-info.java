/** Images: the names users ask for and the bundles they point to. */
@NullMarked
package dev.mayfly.core.image;

import org.jspecify.annotations.NullMarked;
