package dev.mayfly.db;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Says what a failed file operation means to the person who has to put it right. */
final class FileTrouble {
  /** What Linux calls ENOSPC, in the C locale that everything here runs in. */
  private static final String NO_SPACE = "No space left on device";

  /** PostgreSQL's hint when a write came out short, for which there is no errno. */
  private static final String SHORT_WRITE = "Check free disk space";

  private static final String QUOTA = "Disk quota exceeded";
  private static final String READ_ONLY = "Read-only file system";

  private FileTrouble() {}

  static DatabaseException at(Path place, IOException cause) {
    var known = known(place, String.valueOf(cause.getMessage()));
    if (known != null) {
      return new DatabaseException(known, cause);
    }
    if (cause instanceof AccessDeniedException) {
      return new DatabaseException(unwritable(place), cause);
    }
    var reason =
        cause instanceof FileSystemException e && e.getReason() != null
            ? e.getReason()
            : cause.getMessage();
    return new DatabaseException(
        "The embedded PostgreSQL cannot use " + place + ": " + reason + ".", cause);
  }

  /** The message for a text that names a known trouble, or null. */
  static @Nullable String known(Path place, String text) {
    if (text.contains(NO_SPACE) || text.contains(SHORT_WRITE) || text.contains(QUOTA)) {
      return "The disk that holds " + place + " is full; free some space and start again.";
    }
    if (text.contains(READ_ONLY)) {
      return "The file system that holds " + place + " is read-only.";
    }
    return null;
  }

  static String unwritable(Path place) {
    return "The directory "
        + place
        + " cannot be written by the user that runs Mayfly; change its owner or set MAYFLY_HOME to"
        + " another directory.";
  }
}
