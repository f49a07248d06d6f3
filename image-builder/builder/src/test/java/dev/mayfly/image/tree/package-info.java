@NullMarked
package dev.mayfly.image.tree;

import org.jspecify.annotations.NullMarked;
