@NullMarked
package dev.mayfly.image.disk;

import org.jspecify.annotations.NullMarked;
