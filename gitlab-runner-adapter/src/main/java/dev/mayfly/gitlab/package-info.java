/** Custom-executor driver for GitLab; empty until it is built. */
@NullMarked
package dev.mayfly.gitlab;

import org.jspecify.annotations.NullMarked;
