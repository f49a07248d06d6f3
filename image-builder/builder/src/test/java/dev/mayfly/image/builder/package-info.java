@NullMarked
package dev.mayfly.image.builder;

import org.jspecify.annotations.NullMarked;
