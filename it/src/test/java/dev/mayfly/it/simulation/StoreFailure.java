package dev.mayfly.it.simulation;

/** The database did not answer; whether it did what was asked is not known to who asked. */
final class StoreFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoreFailure(String what) {
    super(what, null, false, false);
  }
}
