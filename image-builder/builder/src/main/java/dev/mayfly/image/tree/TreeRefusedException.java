package dev.mayfly.image.tree;

/**
 * An archive is not taken, because of what is in it. The message is for the person who named the
 * archive: which layer and which entry, what is wrong, and what to do.
 */
public final class TreeRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  TreeRefusedException(String message) {
    super(message);
  }
}
