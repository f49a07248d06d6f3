package dev.mayfly.api;

/**
 * Priority class of a job. A higher class goes first, always; inside one, projects share fairly.
 */
public enum Priority {
  LOW,
  NORMAL,
  HIGH,
  URGENT
}
