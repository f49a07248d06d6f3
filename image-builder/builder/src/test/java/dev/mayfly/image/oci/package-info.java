@NullMarked
package dev.mayfly.image.oci;

import org.jspecify.annotations.NullMarked;
