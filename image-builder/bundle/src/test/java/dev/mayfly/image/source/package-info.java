@NullMarked
package dev.mayfly.image.source;

import org.jspecify.annotations.NullMarked;
