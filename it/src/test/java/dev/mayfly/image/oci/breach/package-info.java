/** Breaches on purpose; see the architecture test. */
@NullMarked
package dev.mayfly.image.oci.breach;

import org.jspecify.annotations.NullMarked;
