/** Images in the forms of the OCI image specification and of {@code docker save}. */
@NullMarked
package dev.mayfly.image.oci;

import org.jspecify.annotations.NullMarked;
