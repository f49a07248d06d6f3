/** Bundles and their files: where they are kept, and how a bundle comes to be stored. */
@NullMarked
package dev.mayfly.server.blobs;

import org.jspecify.annotations.NullMarked;
