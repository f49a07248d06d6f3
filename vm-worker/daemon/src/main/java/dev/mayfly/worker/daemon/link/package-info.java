/** The gRPC link to the orchestrator: dialled by us, at least once in both directions. */
@NullMarked
package dev.mayfly.worker.daemon.link;

import org.jspecify.annotations.NullMarked;
