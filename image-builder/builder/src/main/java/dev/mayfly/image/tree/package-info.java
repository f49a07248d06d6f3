/** The files of layered archives as one tree: read with suspicion, written in one canonical way. */
@NullMarked
package dev.mayfly.image.tree;

import org.jspecify.annotations.NullMarked;
