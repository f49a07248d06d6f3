/** What is on a disk image of unknown origin: its format, its partitions, its file systems. */
@NullMarked
package dev.mayfly.image.disk;

import org.jspecify.annotations.NullMarked;
