/** QEMU's microvm machine behind the Hypervisor port. */
@NullMarked
package dev.mayfly.worker.hypervisor.qemu;

import org.jspecify.annotations.NullMarked;
