package dev.mayfly.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The program that asks a guest's kernel for all that jobs expect of a machine. It is made beside
 * the guest agent, whose jar carries it as a resource.
 */
final class CheckProgram {
  static final String NAME = "mayfly-check";

  private static final String RESOURCE = "/dev/mayfly/image/agent/mayfly-check-";

  /** It has 90 KiB. */
  private static final int MAX_BYTES = 4 << 20;

  /** Fields of a ustar header: POSIX.1-2017, pax, "ustar Interchange Format". */
  private static final int BLOCK = 512;

  private static final int CHECKSUM = 148;
  private static final int CHECKSUM_BYTES = 8;

  private CheckProgram() {}

  /**
   * As a tar stream with the executable file {@value #NAME}.
   *
   * @param architecture as {@code uname -m} says it
   */
  static InputStream archive(String architecture) throws CommandFailed, IOException {
    try (InputStream in = CheckProgram.class.getResourceAsStream(RESOURCE + architecture)) {
      if (in == null) {
        throw new CommandFailed(
            ExitCode.REFUSED, "images for " + architecture + " cannot be checked, only x86_64");
      }
      return new ByteArrayInputStream(archived(in.readNBytes(MAX_BYTES)));
    }
  }

  static byte[] archived(byte[] program) {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    archive.writeBytes(header(program.length));
    archive.writeBytes(program);
    archive.writeBytes(new byte[(BLOCK - program.length % BLOCK) % BLOCK]);
    archive.writeBytes(new byte[2 * BLOCK]);
    return archive.toByteArray();
  }

  private static byte[] header(int size) {
    byte[] header = new byte[BLOCK];
    put(header, 0, NAME);
    put(header, 100, "0000755\0");
    put(header, 108, "0000000\0");
    put(header, 116, "0000000\0");
    put(header, 124, String.format(Locale.ROOT, "%011o\0", size));
    put(header, 136, "00000000000\0");
    // The sum is taken with blanks in its own place.
    put(header, CHECKSUM, " ".repeat(CHECKSUM_BYTES));
    put(header, 156, "0");
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte each : header) {
      sum += each & 0xff;
    }
    put(header, CHECKSUM, String.format(Locale.ROOT, "%06o\0 ", sum));
    return header;
  }

  private static void put(byte[] header, int at, String text) {
    ByteBuffer.wrap(header, at, header.length - at).put(text.getBytes(StandardCharsets.US_ASCII));
  }
}
