package dev.mayfly.core.placement;

/** Says to the reconcilers that there may be work; never blocks. Thread-safe. */
public interface Nudges {
  void placement();

  void assignments();
}
