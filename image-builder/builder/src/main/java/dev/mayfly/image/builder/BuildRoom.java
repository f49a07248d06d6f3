package dev.mayfly.image.builder;

/**
 * What every part of a build works with.
 *
 * @param work empty at the start, and removed at the end of the build
 * @param root whether this process may act as root itself, so that no fakeroot is needed
 */
record BuildRoom(WorkDirectory work, Commands commands, Steps steps, boolean root) {}
