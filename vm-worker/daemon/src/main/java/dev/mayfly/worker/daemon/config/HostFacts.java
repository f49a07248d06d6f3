package dev.mayfly.worker.daemon.config;

/**
 * What the host has, for defaults.
 *
 * @param freeDiskMib of the file system that holds the state directory
 */
public record HostFacts(String hostName, int cpus, long memoryMib, long freeDiskMib) {}
