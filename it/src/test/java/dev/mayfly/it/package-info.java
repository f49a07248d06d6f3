/** What needs two rooms: architecture rules, contracts, scenarios, real microVMs. */
@NullMarked
package dev.mayfly.it;

import org.jspecify.annotations.NullMarked;
