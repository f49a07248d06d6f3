/** Boot bundles of this host behind the worker's port. */
@NullMarked
package dev.mayfly.worker.daemon.images;

import org.jspecify.annotations.NullMarked;
