/** Image builds that the orchestrator asks for: a process of the image builder, and the upload. */
@NullMarked
package dev.mayfly.worker.daemon.builds;

import org.jspecify.annotations.NullMarked;
