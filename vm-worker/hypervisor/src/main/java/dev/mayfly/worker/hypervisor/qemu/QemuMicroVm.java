package dev.mayfly.worker.hypervisor.qemu;

import dev.mayfly.worker.core.guest.GuestChannel;
import dev.mayfly.worker.core.vm.RunningMicroVm;
import dev.mayfly.worker.core.vm.VmmIdentity;
import dev.mayfly.worker.linux.SystemCallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A QEMU that runs, with what wraps it. */
final class QemuMicroVm implements RunningMicroVm {
  private static final Logger LOG = LoggerFactory.getLogger(QemuMicroVm.class);

  /** QEMU listens some 20 ms after its start. */
  private static final long POLL_MILLIS = 3;

  /** A killed process that does not go within this hangs in the kernel. */
  private static final Duration DEATH = Duration.ofSeconds(10);

  private static final int CONSOLE_CHARACTERS = 4000;

  private final String name;
  private final VmmDirectory directory;
  private final VmmProcess process;
  private final BoundedText messages;
  private final BoundedText console = new BoundedText(CONSOLE_CHARACTERS);

  /**
   * @param messages what the VMM prints
   */
  QemuMicroVm(String name, VmmDirectory directory, VmmProcess process, BoundedText messages) {
    this.name = name;
    this.directory = directory;
    this.process = process;
    this.messages = messages;
  }

  @Override
  public VmmIdentity identity() {
    return new VmmIdentity(process.identity().pid(), process.identity().startTicks());
  }

  @Override
  public GuestChannel connect(Duration timeout) throws IOException, InterruptedException {
    return connect(directory.agentSocket(), timeout);
  }

  @Override
  public GuestChannel connectConsole(Duration timeout) throws IOException, InterruptedException {
    return new HeardChannel(connect(directory.consoleSocket(), timeout), console);
  }

  @Override
  public boolean endedInOrder() {
    int code = process.exited().getNow(UNKNOWN_EXIT);
    // Its exit code is its parent's to know, an earlier worker's. But a QEMU that ends in order,
    // and
    // only such a one, removes the sockets it listens on.
    return code == 0
        || code == UNKNOWN_EXIT
            && process.exited().isDone()
            && !Files.exists(directory.consoleSocket());
  }

  @Override
  public CompletableFuture<Integer> exited() {
    return process.exited().copy();
  }

  @Override
  public String diagnostics() {
    return messages.toString();
  }

  @Override
  public String console() {
    return console.toString();
  }

  @Override
  public void destroy() {
    boolean interrupted = false;
    var vmm = process.identity();
    try {
      vmm.kill();
    } catch (SystemCallException e) {
      LOG.atWarn().setCause(e).addKeyValue("vm", name).log("VMM could not be killed by itself");
      process.killWrapper();
    }
    long deadline = System.nanoTime() + DEATH.toNanos();
    while ((vmm.isAlive() || !process.exited().isDone()) && System.nanoTime() < deadline) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (vmm.isAlive()) {
      LOG.atError().addKeyValue("vm", name).addKeyValue("pid", pid()).log("VMM did not die");
    }
    process.killWrapper();
    try {
      directory.remove();
    } catch (IOException e) {
      LOG.atWarn().setCause(e).addKeyValue("vm", name).log("VMM directory was not removed");
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Keeps the end of what the guest's kernel says, for as long as the VMM lives. */
  void listenToConsole() {
    Thread.ofVirtual()
        .name("console-" + name)
        .start(() -> {
          try (GuestChannel channel = connect(directory.consoleSocket(), DEATH)) {
            ByteBuffer buffer = ByteBuffer.allocate(1024);
            while (channel.read(buffer.clear()) >= 0) {
              console.append(
                  new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII));
            }
          } catch (IOException e) {
            // The VMM is gone, or never came up, which others report.
          } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
          }
        });
  }

  private GuestChannel connect(Path socket, Duration timeout)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      try {
        return UnixSocketChannel.connect(socket);
      } catch (IOException e) {
        if (process.exited().isDone()) {
          int code = process.exited().join();
          throw new IOException(
              code == UNKNOWN_EXIT
                  ? "the VMM ended"
                  : "the VMM ended with code " + code + ": " + diagnostics(),
              e);
        }
        if (System.nanoTime() >= deadline) {
          throw new IOException("the VMM does not listen", e);
        }
      }
      Thread.sleep(POLL_MILLIS);
    }
  }
}
