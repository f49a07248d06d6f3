package dev.mayfly.api;

/** What network a microVM gets. */
public enum NetworkMode {
  /** User-mode NAT: connections out, none in. */
  USER,
  NONE
}
