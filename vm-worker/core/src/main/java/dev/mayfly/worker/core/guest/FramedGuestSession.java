package dev.mayfly.worker.core.guest;

import dev.mayfly.worker.core.guest.GuestException.Kind;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The framed protocol on one channel. Three virtual threads: one reads and checks, one writes, one
 * hands output to the sinks; so a sink that blocks holds back the guest's processes and nothing
 * else, and a guest that does not read holds back nobody beyond his timeout.
 */
final class FramedGuestSession implements GuestSession {
  private static final Logger LOG = LoggerFactory.getLogger(FramedGuestSession.class);

  /** For requests without a timeout of their own: an agent that lives takes them at once. */
  private static final Duration SEND_TIMEOUT = Duration.ofSeconds(30);

  private static final int READ_BYTES = 65536;

  private final GuestChannel channel;
  private final byte[] nonce;
  private final GuestFrameDecoder decoder;
  private final Outbox outbox = new Outbox();
  private final Thread reader;
  private final Thread writer;
  private final OutputDelivery delivery;

  private final ReentrantLock lock = new ReentrantLock();
  private final StdinDelivery stdin = new StdinDelivery(lock, this);
  private final CompletableFuture<GuestHello> answer = new CompletableFuture<>();
  private final CompletableFuture<Boolean> bye = new CompletableFuture<>();
  private final CompletableFuture<GuestException> over = new CompletableFuture<>();

  // Guarded by the lock.
  private final ExecTable execs = new ExecTable();
  private final ArrayDeque<CompletableFuture<List<StepTime>>> setups = new ArrayDeque<>();
  private final Map<Long, CompletableFuture<Boolean>> pings = new HashMap<>();
  private long lastToken;
  private @Nullable GuestException reason;

  FramedGuestSession(GuestChannel channel, byte[] nonce) {
    this.channel = channel;
    this.nonce = nonce.clone();
    this.decoder = new GuestFrameDecoder(nonce);
    this.reader = Thread.ofVirtual().name("guest-reader").unstarted(this::read);
    this.writer = Thread.ofVirtual().name("guest-writer").unstarted(this::write);
    this.delivery = new OutputDelivery(lock, outbox, this::end, this::failUnended);
  }

  void open(boolean again, Duration timeout) throws GuestException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    reader.start();
    writer.start();
    delivery.start();
    if (again) {
      // Completes whatever frame an earlier conversation left unfinished.
      send(new byte[GuestFrameCodec.MAX_FRAME], deadline);
    }
    send(GuestFrameCodec.magic(), deadline);
    send(
        new HostMessage.Hello(
            GuestFrameCodec.PROTOCOL_VERSION, GuestFrameCodec.PROTOCOL_VERSION, nonce),
        deadline);
    Answers.await(answer, deadline, "the guest did not answer HELLO in time");
  }

  @Override
  public GuestHello hello() {
    return answer.join();
  }

  @Override
  public List<StepTime> setup(GuestSetup setup, Duration timeout)
      throws GuestException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    byte[] frame = GuestFrameCodec.encode(new HostMessage.Setup(setup));
    CompletableFuture<List<StepTime>> done = new CompletableFuture<>();
    lock.lock();
    try {
      checkNotOver();
      Answers.checkUnanswered(setups.size());
      setups.add(done);
    } finally {
      lock.unlock();
    }
    send(frame, deadline);
    return Answers.await(done, deadline, "the guest's setup did not end in time");
  }

  @Override
  public GuestExec start(ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException {
    return start(0, spec, output, timeout);
  }

  @Override
  public GuestExec start(int execId, ExecSpec spec, OutputSink output, Duration timeout)
      throws GuestException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    byte[] encoded;
    try {
      encoded = GuestFrameCodec.encode(spec);
    } catch (IllegalArgumentException e) {
      throw Answers.because(Kind.EXEC_FAILED, "specification: " + e.getMessage(), e);
    }
    FramedGuestExec exec;
    lock.lock();
    try {
      checkNotOver();
      int id = execId == 0 ? execs.nextId() : execs.unused(execId);
      exec = FramedGuestExec.starting(this, id, spec.stdinOpen(), output);
      execs.add(exec);
    } finally {
      lock.unlock();
    }
    boolean runs = false;
    try {
      for (int from = 0; from < encoded.length; from += GuestFrameCodec.MAX_PAYLOAD) {
        int to = Math.min(encoded.length, from + GuestFrameCodec.MAX_PAYLOAD);
        send(new HostMessage.SpecPart(exec.id(), Arrays.copyOfRange(encoded, from, to)), deadline);
      }
      send(new HostMessage.Start(exec.id(), encoded.length), deadline);
      Answers.await(exec.started, deadline, "the guest did not start the command in time");
      runs = true;
      return exec;
    } finally {
      if (!runs) {
        lock.lock();
        try {
          exec.abandon();
        } finally {
          lock.unlock();
        }
      }
    }
  }

  @Override
  public GuestExec adopt(int execId, long stdoutSafe, long stderrSafe, OutputSink output)
      throws GuestException, InterruptedException {
    KnownExec known =
        hello().execs().stream()
            .filter(candidate -> candidate.id() == execId)
            .findFirst()
            .orElseThrow(
                () -> new GuestException(Kind.EXEC_FAILED, "the guest does not know the exec"));
    if (stdoutSafe < known.stdoutAcknowledged()
        || stdoutSafe > known.stdoutProduced()
        || stderrSafe < known.stderrAcknowledged()
        || stderrSafe > known.stderrProduced()) {
      GuestException violation =
          new GuestException(
              Kind.VIOLATION, "the guest's account of its output does not fit what is safe");
      end(violation);
      throw violation;
    }
    lock.lock();
    try {
      checkNotOver();
      FramedGuestExec exec = execs.find(execId);
      if (exec == null) {
        throw new GuestException(Kind.EXEC_FAILED, "the exec did not start");
      }
      if (exec.isAttached()) {
        throw new IllegalStateException("exec " + execId + " was adopted before");
      }
      exec.attach(output, stdoutSafe, stderrSafe);
      outbox.acknowledge(new HostMessage.OutputAck(execId, GuestStream.STDOUT, stdoutSafe));
      outbox.acknowledge(new HostMessage.OutputAck(execId, GuestStream.STDERR, stderrSafe));
      delivery.makeReady(exec);
      return exec;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Duration ping(Duration timeout) throws GuestException, InterruptedException {
    long start = System.nanoTime();
    long token;
    CompletableFuture<Boolean> answered = new CompletableFuture<>();
    lock.lock();
    try {
      checkNotOver();
      Answers.checkUnanswered(pings.size());
      token = ++lastToken;
      pings.put(token, answered);
    } finally {
      lock.unlock();
    }
    send(new HostMessage.Ping(token), start + timeout.toNanos());
    Answers.await(answered, start + timeout.toNanos(), "the guest did not answer in time");
    return Duration.ofNanos(System.nanoTime() - start);
  }

  @Override
  public void powerOff(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    try {
      send(new HostMessage.PowerOff(), deadline);
      Answers.await(bye, deadline, "the guest did not power off in time");
    } catch (GuestException e) {
      LOG.atDebug().addKeyValue("reason", e.getMessage()).log("guest did not say goodbye");
    }
  }

  @Override
  public CompletableFuture<GuestException> over() {
    return over.copy();
  }

  @Override
  public void close() {
    end(new GuestException(Kind.GONE, "the conversation was closed"));
    // What was not safe yet stays with the guest.
    delivery.abort();
  }

  void signal(FramedGuestExec exec, int number, boolean everything)
      throws GuestException, InterruptedException {
    lock.lock();
    try {
      checkNotOver();
      if (exec.hasExited()) {
        return;
      }
    } finally {
      lock.unlock();
    }
    send(new HostMessage.Signal(exec.id(), number, everything), sendDeadline());
  }

  StdinDelivery stdin() {
    return stdin;
  }

  void forget(FramedGuestExec exec) throws GuestException, InterruptedException {
    lock.lock();
    try {
      checkNotOver();
      if (!exec.ended().isDone()) {
        throw new IllegalStateException("exec " + exec.id() + " has not ended");
      }
      if (!execs.remove(exec)) {
        return;
      }
    } finally {
      lock.unlock();
    }
    send(new HostMessage.Forget(exec.id()), sendDeadline());
  }

  private void read() {
    ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
    try {
      while (channel.read(buffer.clear()) >= 0) {
        buffer.flip();
        AgentMessage message = decoder.next(buffer);
        while (message != null) {
          take(message);
          message = decoder.next(buffer);
        }
      }
      end(new GuestException(Kind.GONE, "the guest's channel ended"));
    } catch (GuestViolation e) {
      end(Answers.because(Kind.VIOLATION, e.getMessage(), e));
    } catch (IOException e) {
      end(Answers.because(Kind.GONE, "the guest's channel broke: " + e.getMessage(), e));
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("reading from a guest failed");
      end(Answers.because(Kind.GONE, "reading from the guest failed", e));
    }
  }

  private void write() {
    try {
      byte[] frame = outbox.take();
      while (frame != null) {
        channel.write(ByteBuffer.wrap(frame));
        frame = outbox.take();
      }
    } catch (IOException e) {
      end(Answers.because(Kind.GONE, "the guest's channel broke: " + e.getMessage(), e));
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the writer", e);
    }
  }

  /** Checks a message against the state of the conversation. Futures complete outside the lock. */
  private void take(AgentMessage message) throws GuestViolation {
    Runnable completion;
    lock.lock();
    try {
      if (reason != null) {
        return;
      }
      if (!(message instanceof AgentMessage.HelloAck) && !answer.isDone()) {
        throw new GuestViolation("the first frame does not answer HELLO");
      }
      completion = apply(message);
    } finally {
      lock.unlock();
    }
    completion.run();
  }

  private Runnable apply(AgentMessage message) throws GuestViolation {
    return switch (message) {
      case AgentMessage.HelloAck(GuestHello hello) -> {
        if (answer.isDone()) {
          throw new GuestViolation("HELLO was answered twice");
        }
        for (KnownExec known : hello.execs()) {
          execs.add(FramedGuestExec.known(this, known));
        }
        yield () -> answer.complete(hello);
      }
      case AgentMessage.SetupDone(List<StepTime> steps) -> {
        CompletableFuture<List<StepTime>> setup = expected(setups.poll(), "SETUP");
        yield () -> setup.complete(steps);
      }
      case AgentMessage.SetupFailed(String step, long errno, String text) -> {
        CompletableFuture<List<StepTime>> setup = expected(setups.poll(), "SETUP");
        yield () ->
            setup.completeExceptionally(Answers.failed(Kind.SETUP_FAILED, step, errno, text));
      }
      case AgentMessage.ExecStarted(int id, long _) -> {
        FramedGuestExec exec = execs.named(id);
        exec.onStarted();
        yield () -> exec.started.complete(true);
      }
      case AgentMessage.ExecFailed(int id, String step, long errno, String text) -> {
        FramedGuestExec exec = execs.named(id);
        exec.onFailed();
        execs.remove(exec);
        GuestException why = Answers.failed(Kind.EXEC_FAILED, step, errno, text);
        yield () -> {
          exec.started.completeExceptionally(why);
          exec.ended().completeExceptionally(why);
        };
      }
      case AgentMessage.Output output -> {
        FramedGuestExec exec = execs.named(output.execId());
        exec.onOutput(output);
        delivery.makeReady(exec);
        yield () -> {};
      }
      case AgentMessage.ExecExit exit -> {
        FramedGuestExec exec = execs.named(exit.execId());
        exec.onExit(exit);
        stdin.changed();
        delivery.makeReady(exec);
        yield () -> {};
      }
      case AgentMessage.StdinAck ack -> {
        execs.named(ack.execId()).onStdinAck(ack);
        stdin.changed();
        yield () -> {};
      }
      case AgentMessage.Pong(long token) -> {
        CompletableFuture<Boolean> ping = expected(pings.remove(token), "PING");
        yield () -> ping.complete(true);
      }
      case AgentMessage.Event _ -> () -> {};
      case AgentMessage.ProtocolError(int type, String text) ->
          throw new GuestViolation("the agent refused a frame of type " + type + ": " + text);
      case AgentMessage.Bye _ ->
          () -> {
            bye.complete(true);
            end(new GuestException(Kind.GONE, "the guest powered off"));
          };
    };
  }

  private static <T> T expected(@Nullable T waiting, String request) throws GuestViolation {
    if (waiting == null) {
      throw new GuestViolation("an answer came without " + request);
    }
    return waiting;
  }

  private void failUnended() {
    GuestException why = over.join();
    List<FramedGuestExec> left;
    lock.lock();
    try {
      left = execs.all();
    } finally {
      lock.unlock();
    }
    left.forEach(exec -> exec.ended().completeExceptionally(Answers.again(why)));
  }

  /** Ends the conversation once; what came before is still handed to the sinks. */
  private void end(GuestException why) {
    List<CompletableFuture<?>> waiting = new ArrayList<>();
    lock.lock();
    try {
      if (reason != null) {
        return;
      }
      reason = why;
      waiting.add(answer);
      waiting.add(bye);
      waiting.addAll(setups);
      waiting.addAll(pings.values());
      execs.all().forEach(exec -> waiting.add(exec.started));
      delivery.finish();
      stdin.changed();
    } finally {
      lock.unlock();
    }
    outbox.close();
    try {
      channel.close();
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("guest channel did not close cleanly");
    }
    waiting.forEach(future -> future.completeExceptionally(Answers.again(why)));
    over.complete(why);
  }

  /** Under the lock. */
  boolean isOver() {
    return reason != null;
  }

  /** Under the lock. */
  void checkNotOver() throws GuestException {
    GuestException why = reason;
    if (why != null) {
      throw Answers.again(why);
    }
  }

  void send(HostMessage message, long deadline) throws GuestException, InterruptedException {
    send(GuestFrameCodec.encode(message), deadline);
  }

  private void send(byte[] frame, long deadline) throws GuestException, InterruptedException {
    if (!outbox.offer(frame, deadline)) {
      throw new GuestException(Kind.TIMEOUT, "the guest does not read");
    }
  }

  static long sendDeadline() {
    return System.nanoTime() + SEND_TIMEOUT.toNanos();
  }
}
