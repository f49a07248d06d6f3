package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.FakeGuestWire.HostFrame;
import dev.mayfly.worker.core.guest.FakeGuestWire.Payload;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import dev.mayfly.worker.core.guest.GuestHello.SetupState;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A guest in memory that speaks the agent's side of the protocol for real: windows, offsets,
 * acknowledgements, reconnects; only its processes are {@link FakeProgram}s. Thread-safe.
 */
public final class FakeGuest implements Closeable {
  private static final int PIPE_BYTES = 65536;

  /** What SETUP said, as far as tests ask. */
  public record Setup(
      long wallClockNanos,
      byte[] entropy,
      String hostname,
      String machineId,
      String rootSerial,
      String rootFileSystem,
      String scratchSerial,
      String scratchFileSystem,
      boolean network,
      String address,
      int prefixLength,
      String gateway,
      List<String> nameServers,
      int orphanSeconds) {}

  private record Connection(FakePipe toGuest, FakePipe toHost) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Function<ExecSpec, FakeProgram> programs;
  private final CompletableFuture<Boolean> poweredOff = new CompletableFuture<>();

  private final FakeGuestWire wire = new FakeGuestWire();
  private final Map<Integer, FakeProcess> processes = new LinkedHashMap<>();
  private final Map<Integer, ByteArrayOutputStream> specifications = new LinkedHashMap<>();
  private final ArrayDeque<byte[]> control = new ArrayDeque<>();
  private final ArrayDeque<Thread> threads = new ArrayDeque<>();
  private @Nullable Connection connection;
  private byte[] unfinished = new byte[0];
  private boolean greeted;
  private boolean stopping;
  private boolean silent;
  private SetupState setupState = SetupState.NONE;
  private @Nullable Setup setup;
  private @Nullable String setupFailure;
  private long cutAfter = Long.MAX_VALUE;
  private int maxOutput = GuestFrameCodec.MAX_DATA;

  /**
   * @param programs what each command is
   */
  public FakeGuest(Function<ExecSpec, FakeProgram> programs) {
    this.programs = programs;
    Thread.ofVirtual().name("fake-guest-sender").start(this::send);
  }

  /** Completes when the guest was powered off by the host (true) or closed (false). */
  public CompletableFuture<Boolean> poweredOff() {
    return poweredOff;
  }

  /** The next connection breaks after so many bytes to the host, wherever in a frame that is. */
  public void cutAfter(long bytes) {
    locked(() -> cutAfter = bytes);
  }

  /** From now on nothing is answered. */
  public void fallSilent() {
    locked(() -> silent = true);
  }

  public void failSetup(String message) {
    locked(() -> setupFailure = message);
  }

  /** How many bytes of output fit in a frame of this guest. */
  public void maxOutput(int bytes) {
    locked(() -> maxOutput = bytes);
  }

  /** Sends these bytes as they are, valid or not. */
  public void sendRaw(byte[] bytes) {
    locked(() -> control.add(bytes));
  }

  /** The last SETUP, if there was one. */
  public Optional<Setup> setup() {
    lock.lock();
    try {
      return Optional.ofNullable(setup);
    } finally {
      lock.unlock();
    }
  }

  /** Offset of the first byte of stdout (1) or stderr (2) that is not acknowledged. */
  public long acknowledged(int execId, int stream) {
    lock.lock();
    try {
      FakeProcess process = processes.get(execId);
      return process == null ? -1 : process.streams[stream - 1].acknowledged;
    } finally {
      lock.unlock();
    }
  }

  /** Bytes of stdin that the guest has and the program has not read. */
  public int stdinHeld(int execId) {
    lock.lock();
    try {
      FakeProcess process = processes.get(execId);
      return process == null ? -1 : process.stdin.length;
    } finally {
      lock.unlock();
    }
  }

  /** Ids of the execs that are not forgotten. */
  public List<Integer> execs() {
    lock.lock();
    try {
      return List.copyOf(processes.keySet());
    } finally {
      lock.unlock();
    }
  }

  /** Connects as a host does; an earlier connection is cut. */
  public GuestChannel connect() {
    Connection fresh = new Connection(new FakePipe(PIPE_BYTES), new FakePipe(2 * PIPE_BYTES));
    lock.lock();
    try {
      cut();
      fresh.toHost().breakAfter(cutAfter);
      cutAfter = Long.MAX_VALUE;
      connection = fresh;
      greeted = false;
      // What was on its way when the last connection broke arrives first.
      try {
        fresh.toHost().write(ByteBuffer.wrap(unfinished));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      unfinished = new byte[0];
    } finally {
      lock.unlock();
    }
    Thread.ofVirtual().name("fake-guest-reader").start(() -> receive(fresh));
    return new GuestChannel() {
      @Override
      public int read(ByteBuffer into) throws IOException {
        return fresh.toHost().read(into);
      }

      @Override
      public void write(ByteBuffer from) throws IOException {
        fresh.toGuest().write(from);
      }

      @Override
      public void close() {
        fresh.toHost().close();
        fresh.toGuest().close();
      }
    };
  }

  /** Ends the guest as a killed VMM would. */
  @Override
  public void close() {
    lock.lock();
    try {
      stopping = true;
      cut();
      threads.forEach(Thread::interrupt);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    poweredOff.complete(false);
  }

  private void cut() {
    Connection last = connection;
    if (last != null) {
      last.toHost().close();
      last.toGuest().close();
    }
    connection = null;
  }

  private void locked(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void receive(Connection from) {
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    try {
      while (from.toGuest().read(buffer.clear()) >= 0) {
        buffer.flip();
        lock.lock();
        try {
          if (silent || connection != from) {
            continue;
          }
          wire.feed(buffer);
          for (HostFrame frame = wire.next(); frame != null; frame = wire.next()) {
            take(frame);
          }
          changed.signalAll();
        } finally {
          lock.unlock();
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void take(HostFrame frame) {
    ByteBuffer in = frame.payload();
    FakeProcess process = processes.get(frame.execId());
    switch (frame.type()) {
      case 1 -> hello(in);
      case 2 -> setup(in);
      case 3 ->
          specifications
              .computeIfAbsent(frame.execId(), id -> new ByteArrayOutputStream())
              .write(in.array(), 0, in.remaining());
      case 4 -> start(frame.execId(), in.getInt());
      case 10 -> control.add(FakeGuestWire.frame(137, 0, new Payload().u64(in.getLong()).bytes()));
      case 11 -> {
        control.add(FakeGuestWire.frame(140, 0, new byte[0]));
        stopping = true;
      }
      default -> {
        if (process != null) {
          take(frame, process, in);
        }
      }
    }
  }

  private void take(HostFrame frame, FakeProcess process, ByteBuffer in) {
    switch (frame.type()) {
      case 5 -> stdin(process, in);
      case 6 -> {
        check(in.getLong() == process.stdinWritten + process.stdin.length, "STDIN_EOF offset");
        process.stdinClosed = true;
      }
      case 7 -> {
        int stream = in.get();
        process.streams[stream - 1].acknowledge(in.getLong());
      }
      case 8 -> {
        process.signal = in.get();
        threads.stream()
            .filter(thread -> thread.getName().equals("fake-exec-" + process.id))
            .forEach(Thread::interrupt);
      }
      case 9 -> processes.remove(process.id);
      default -> throw new IllegalStateException("type " + frame.type());
    }
  }

  private void hello(ByteBuffer in) {
    in.getInt();
    byte[] nonce = new byte[16];
    in.get(nonce);
    control.clear();
    for (FakeProcess process : processes.values()) {
      process.startedDue = true;
      process.exitDue = process.ended;
      process.stdinAckDue = !process.ended;
      for (FakeProcess.Stream stream : process.streams) {
        stream.sent = stream.acknowledged;
      }
    }
    List<KnownExec> execs = processes.values().stream().map(FakeGuest::known).toList();
    control.add(FakeGuestWire.preamble(nonce));
    control.add(
        FakeGuestWire.helloAck(
            new GuestHello(
                1, Duration.ofSeconds(1), "fake 1", "6.1.0-fake", "x86_64", setupState, execs)));
    greeted = true;
  }

  private static KnownExec known(FakeProcess process) {
    FakeProcess.Stream stdout = process.streams[0];
    FakeProcess.Stream stderr = process.streams[1];
    return new KnownExec(
        process.id,
        process.ended,
        stdout.acknowledged,
        stdout.produced(),
        stderr.acknowledged,
        stderr.produced(),
        process.stdinWritten + process.stdin.length);
  }

  private void setup(ByteBuffer in) {
    long clock = in.getLong();
    byte[] entropy = new byte[in.getInt()];
    in.get(entropy);
    setup =
        new Setup(
            clock,
            entropy,
            FakeGuestWire.string(in),
            FakeGuestWire.string(in),
            FakeGuestWire.string(in),
            FakeGuestWire.string(in),
            FakeGuestWire.string(in),
            FakeGuestWire.string(in),
            in.get() != 0,
            FakeGuestWire.string(in),
            in.get(),
            FakeGuestWire.string(in),
            FakeGuestWire.strings(in),
            in.getInt());
    check(!in.hasRemaining(), "bytes left over in SETUP");
    String failure = setupFailure;
    if (failure == null) {
      setupState = SetupState.DONE;
      Payload steps = new Payload().u32(2).string("clock").u64(1000).string("root").u64(2_000_000);
      control.add(FakeGuestWire.frame(130, 0, steps.bytes()));
    } else {
      setupState = SetupState.FAILED;
      Payload failed = new Payload().string("root").u32(2).string(failure);
      control.add(FakeGuestWire.frame(131, 0, failed.bytes()));
    }
  }

  private void start(int id, int total) {
    ByteArrayOutputStream parts = specifications.remove(id);
    byte[] encoded = parts == null ? new byte[0] : parts.toByteArray();
    check(encoded.length == total, "the length of the specification");
    ExecSpec spec = FakeGuestWire.readSpec(encoded);
    if (processes.size() >= GuestFrameCodec.MAX_EXECS || spec.command().getFirst().isEmpty()) {
      String step = spec.command().getFirst().isEmpty() ? "exec" : "limit";
      Payload failed = new Payload().string(step).u32(2).string("No such file or directory");
      control.add(FakeGuestWire.frame(133, id, failed.bytes()));
      return;
    }
    FakeProcess process = new FakeProcess(id, spec, lock, changed);
    processes.put(id, process);
    FakeProgram program = programs.apply(spec);
    Thread thread =
        Thread.ofVirtual().name("fake-exec-" + id).unstarted(() -> run(process, program));
    threads.add(thread);
    thread.start();
  }

  private void run(FakeProcess process, FakeProgram program) {
    int code = 0;
    boolean interrupted = false;
    try {
      code = program.run(process);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    int value = code;
    boolean signalled = interrupted;
    locked(() -> {
      process.exitKind = signalled ? 1 : 0;
      process.exitValue = signalled ? Math.max(1, process.signal) : value;
      process.ended = true;
      process.exitDue = true;
      process.stdinAckDue = false;
    });
  }

  private static void stdin(FakeProcess process, ByteBuffer in) {
    long offset = in.getLong();
    byte[] data = new byte[in.remaining()];
    in.get(data);
    check(offset == process.stdinWritten + process.stdin.length, "STDIN offset");
    check(
        process.stdin.length + data.length <= GuestFrameCodec.STDIN_WINDOW,
        "stdin beyond its credit");
    byte[] longer = Arrays.copyOf(process.stdin, process.stdin.length + data.length);
    System.arraycopy(data, 0, longer, process.stdin.length, data.length);
    process.stdin = longer;
  }

  private void send() {
    boolean off = false;
    while (!off) {
      Connection to;
      byte[] bytes;
      lock.lock();
      try {
        bytes = greeted && connection != null ? nextBytes() : null;
        to = connection;
        if (bytes == null || to == null) {
          if (stopping && control.isEmpty()) {
            return;
          }
          changed.await(1, TimeUnit.MINUTES);
          continue;
        }
        off = stopping && control.isEmpty();
      } catch (InterruptedException e) {
        return;
      } finally {
        lock.unlock();
      }
      write(to, bytes);
      if (off) {
        to.toHost().end();
      }
    }
    poweredOff.complete(true);
    locked(() -> threads.forEach(Thread::interrupt));
  }

  private void write(Connection to, byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      to.toHost().write(buffer);
    } catch (IOException e) {
      lock.lock();
      try {
        if (connection == to) {
          greeted = false;
          unfinished = Arrays.copyOfRange(bytes, buffer.position(), bytes.length);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private byte @Nullable [] nextBytes() {
    if (!control.isEmpty()) {
      return control.remove();
    }
    for (FakeProcess process : processes.values()) {
      if (process.startedDue) {
        process.startedDue = false;
        return FakeGuestWire.frame(132, process.id, new Payload().u32(100).bytes());
      }
      if (process.stdinAckDue) {
        process.stdinAckDue = false;
        long written = process.stdinWritten;
        Payload ack = new Payload().u64(written).u64(written + GuestFrameCodec.STDIN_WINDOW);
        return FakeGuestWire.frame(136, process.id, ack.bytes());
      }
      for (FakeProcess.Stream stream : process.streams) {
        byte[] data = stream.unsent(maxOutput);
        if (data.length > 0) {
          long offset = stream.sent;
          stream.sent += data.length;
          return FakeGuestWire.output(process.id, stream.wire, offset, data);
        }
      }
      if (process.exitDue) {
        process.exitDue = false;
        return FakeGuestWire.exit(process);
      }
    }
    return null;
  }

  private static void check(boolean good, String what) {
    if (!good) {
      throw new IllegalStateException("the host is wrong about " + what);
    }
  }
}
