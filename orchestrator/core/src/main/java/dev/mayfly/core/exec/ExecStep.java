package dev.mayfly.core.exec;

/** What an event makes of an exec. */
public sealed interface ExecStep {
  record Changed(Exec exec) implements ExecStep {}

  /** Already so, or too late to matter; whoever said it may forget it. */
  record Unchanged() implements ExecStep {}
}
