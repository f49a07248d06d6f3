/** What an image is made of, in the one line a person writes. */
@NullMarked
package dev.mayfly.image.source;

import org.jspecify.annotations.NullMarked;
