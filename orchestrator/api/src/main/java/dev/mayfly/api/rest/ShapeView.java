package dev.mayfly.api.rest;

/** The size of a job's microVM. */
public record ShapeView(int cpus, int memoryMib, int scratchMib) {}
