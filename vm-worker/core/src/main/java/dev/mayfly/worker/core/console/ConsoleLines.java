package dev.mayfly.worker.core.console;

import java.io.ByteArrayOutputStream;

/** Turns the line ends of a serial console, CR LF, into those of a log. For one thread. */
final class ConsoleLines {
  private boolean carriageReturn;

  /** The next bytes as they belong into the log. */
  byte[] next(byte[] bytes, int count) {
    var out = new ByteArrayOutputStream(count + 1);
    for (int i = 0; i < count; i++) {
      if (carriageReturn && bytes[i] != '\n') {
        out.write('\r');
      }
      carriageReturn = bytes[i] == '\r';
      if (!carriageReturn) {
        out.write(bytes[i]);
      }
    }
    return out.toByteArray();
  }

  /** What was held back when nothing more comes. */
  byte[] rest() {
    var rest = carriageReturn ? new byte[] {'\r'} : new byte[0];
    carriageReturn = false;
    return rest;
  }
}
