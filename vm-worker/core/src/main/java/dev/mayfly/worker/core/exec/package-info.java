/** The commands and transfers that run in the guest of one attempt. */
@NullMarked
package dev.mayfly.worker.core.exec;

import org.jspecify.annotations.NullMarked;
