/** Settings of the worker. */
@NullMarked
package dev.mayfly.worker.daemon.config;

import org.jspecify.annotations.NullMarked;
