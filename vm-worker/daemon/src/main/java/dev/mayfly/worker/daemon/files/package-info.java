/** What microVMs have on the host's disk: directories and scratch disks. */
@NullMarked
package dev.mayfly.worker.daemon.files;

import org.jspecify.annotations.NullMarked;
