package dev.mayfly.api.rest;

/**
 * Answer of {@code POST .../stdin}.
 *
 * @param offset of the next byte to be sent; less than was sent when there was no room for all
 * @param ended nothing can follow
 */
public record InputAnswer(long offset, boolean ended) {}
