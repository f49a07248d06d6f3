package dev.mayfly.it.bench;

import dev.mayfly.worker.core.vm.MicroVmSpec;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The baseline: QEMU started directly with the very command line of one of our microVMs, and the
 * shortest program that can hear the guest answer. No confinement, no session, none of our worker's
 * code.
 */
final class BareQemu {
  private static final byte[] MAGIC = "MAYFLY1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int NONCE_BYTES = 16;
  private static final int HEADER_BYTES = 16;
  private static final byte HELLO = 1;

  private BareQemu() {}

  /**
   * The command line of a running microVM of ours, with its file descriptors replaced by the files
   * behind them.
   */
  static List<String> commandOf(long pid, MicroVmSpec spec) throws IOException {
    String raw = Files.readString(Path.of("/proc/" + pid + "/cmdline"));
    List<String> command = new ArrayList<>();
    String previous = "";
    for (String argument : raw.split("\0")) {
      if (argument.equals("-add-fd") || previous.equals("-add-fd")) {
        previous = argument;
        continue;
      }
      previous = argument;
      command.add(
          switch (argument) {
            case "/dev/fd/3" -> spec.kernel().toString();
            case "/dev/fd/4" -> spec.initramfs().toString();
            default ->
                argument
                    .replace("/dev/fdset/1", spec.rootfs().orElseThrow().toString())
                    .replace("/dev/fdset/2", spec.scratch().orElseThrow().toString());
          });
    }
    return List.copyOf(command);
  }

  /** Nanoseconds from just before the process starts to the guest agent's first answer. */
  static long start(List<String> command, Path directory) throws IOException, InterruptedException {
    long started = System.nanoTime();
    Process qemu =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("qemu.out").toFile())
            .start();
    try (SocketChannel channel = connect(directory.resolve("agent.sock"), qemu)) {
      channel.write(hello());
      ByteBuffer answer = ByteBuffer.allocate(MAGIC.length + NONCE_BYTES + HEADER_BYTES);
      while (answer.hasRemaining()) {
        if (channel.read(answer) < 0) {
          throw new EOFException(
              "bare qemu ended: " + Files.readString(directory.resolve("qemu.out")));
        }
      }
      return System.nanoTime() - started;
    } finally {
      qemu.destroyForcibly().waitFor();
    }
  }

  private static SocketChannel connect(Path socket, Process qemu)
      throws IOException, InterruptedException {
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
        return channel;
      } catch (IOException notYet) {
        channel.close();
        if (!qemu.isAlive()) {
          throw new IOException("bare qemu ended with " + qemu.exitValue(), notYet);
        }
        Thread.sleep(1);
      }
    }
  }

  /**
   * Magic and a HELLO frame for version 1 with a nonce of zeros; see ops/docs/guest-protocol.md.
   */
  private static ByteBuffer hello() {
    int payload = 2 + 2 + NONCE_BYTES;
    ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + payload).order(ByteOrder.LITTLE_ENDIAN);
    frame.put((byte) 1).put(HELLO).putShort((short) 0).putInt(0).putInt(payload).putInt(0);
    frame.putShort((short) 1).putShort((short) 1).put(new byte[NONCE_BYTES]);
    CRC32 crc = new CRC32();
    crc.update(frame.array(), 0, 12);
    crc.update(frame.array(), HEADER_BYTES, payload);
    frame.putInt(12, (int) crc.getValue());
    return ByteBuffer.allocate(MAGIC.length + frame.capacity()).put(MAGIC).put(frame.flip()).flip();
  }
}
