/** An orchestrator in this process, for the tests of front ends. */
@NullMarked
package dev.mayfly.client.fake;

import org.jspecify.annotations.NullMarked;
