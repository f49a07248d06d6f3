/** The host side of the guest protocol ({@code ops/docs/guest-protocol.md}). */
@NullMarked
package dev.mayfly.worker.core.guest;

import org.jspecify.annotations.NullMarked;
