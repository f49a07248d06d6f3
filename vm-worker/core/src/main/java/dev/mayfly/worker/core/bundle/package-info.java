/** The port to the boot bundles of this host. */
@NullMarked
package dev.mayfly.worker.core.bundle;

import org.jspecify.annotations.NullMarked;
