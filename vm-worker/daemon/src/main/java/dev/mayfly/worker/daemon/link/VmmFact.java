package dev.mayfly.worker.daemon.link;

/**
 * Whether one VMM with one accelerator really works on this host.
 *
 * @param accelerator {@code kvm} or {@code tcg}
 * @param reason why it is usable or not, for people
 */
public record VmmFact(
    String name, String version, String accelerator, boolean usable, String reason) {}
