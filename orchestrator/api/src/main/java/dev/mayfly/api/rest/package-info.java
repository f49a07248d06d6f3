/** The records of REST v1: plain Java records whose component names are the JSON member names. */
@NullMarked
package dev.mayfly.api.rest;

import org.jspecify.annotations.NullMarked;
