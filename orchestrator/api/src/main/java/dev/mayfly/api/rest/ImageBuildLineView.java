package dev.mayfly.api.rest;

/**
 * What a builder said.
 *
 * @param number per build, from 1
 */
public record ImageBuildLineView(int number, String at, String text) {}
