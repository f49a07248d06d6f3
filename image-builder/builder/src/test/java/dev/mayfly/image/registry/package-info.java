@NullMarked
package dev.mayfly.image.registry;

import org.jspecify.annotations.NullMarked;
