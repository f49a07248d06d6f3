package dev.mayfly.core.fleet;

/**
 * One VMM and accelerator of a worker.
 *
 * @param usable a guest has booted on it, or (tcg) the binary answers
 * @param reason why it is usable or not, for people
 */
public record Vmm(String name, String version, String accelerator, boolean usable, String reason) {}
