package dev.mayfly.core.image;

/** Why a name came to point to a bundle. The names are stored. */
public enum PublicationCause {
  /** From outside. */
  PUBLISHED,
  /** A job asked for a name that was not known, and it was built. */
  FIRST_USE,
  /** Somebody asked for a build. */
  REQUESTED,
  /** Built by the policy's schedule. */
  SCHEDULED,
  /** Built because the tag moved upstream. */
  UPSTREAM_MOVED,
  /** Somebody let it point again to what it pointed to before. */
  ROLLED_BACK
}
