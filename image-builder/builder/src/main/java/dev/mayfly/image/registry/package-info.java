/** Pulls images from registries, and pushes and pulls boot bundles. */
@NullMarked
package dev.mayfly.image.registry;

import org.jspecify.annotations.NullMarked;
