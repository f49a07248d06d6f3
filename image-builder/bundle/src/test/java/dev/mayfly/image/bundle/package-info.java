@NullMarked
package dev.mayfly.image.bundle;

import org.jspecify.annotations.NullMarked;
