package dev.mayfly.worker.core.exec;

/** What an exec does. */
public enum ExecKind {
  /** Runs a command. */
  COMMAND,
  /** Unpacks the tar stream on its stdin below a directory. */
  UPLOAD,
  /** Packs a file or directory; its stdout is the tar stream. */
  DOWNLOAD
}
