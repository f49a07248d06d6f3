package dev.mayfly.worker.core.exec;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec;
import dev.mayfly.worker.core.guest.GuestExec.ExecEnd;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.log.ExecOutput;
import dev.mayfly.worker.core.time.Timers.Timer;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One exec from its request to its end. A virtual thread of its own starts it, gives it its input
 * and waits for its end; the other calls return at once.
 */
final class RunningExec {
  /** Between SIGTERM and SIGKILL when an exec ran out of time. */
  static final Duration TIMEOUT_GRACE = Duration.ofSeconds(10);

  /** To take in what the guest still has of an exec that ended while no worker was there. */
  static final Duration TAKE_IN_LIMIT = Duration.ofMinutes(1);

  private static final Logger log = LoggerFactory.getLogger(RunningExec.class);

  private final ExecRequest request;
  private final ExecSetting setting;
  private final Optional<KnownExec> known;
  private final Listener listener;
  private final ExecOutput output;
  private final LogSink sink;
  private final ExecInput input = new ExecInput();
  private final Optional<ExecMark> mark;
  private final SignalQueue signals;
  private final Thread thread;
  private @Nullable Timer alarm;
  private @Nullable Outcome givenUp;
  private boolean over;
  private long startedAt;

  // Of this exec's own thread.
  private boolean told;
  private @Nullable GuestExec running;

  /** Who owns the execs. Called by this exec's thread, but {@code changed} by any. */
  interface Listener {
    void started(int number, ExecMark mark);

    /** By a thread of its signals. */
    void signalled(int number, ExecMark mark);

    /** It is over and safe; the guest still knows it. */
    void ended(ExecResult result);

    /** The guest does not know it any more, or never did. */
    void gone(int number);

    void guestLost(int number, GuestException failure);

    void logBroke(IOException failure);

    /** What it takes as input has changed. */
    void changed();
  }

  /**
   * Not begun.
   *
   * @param known the guest has it already
   */
  RunningExec(
      ExecRequest request, ExecSetting setting, Optional<KnownExec> known, Listener listener) {
    this.request = request;
    this.setting = setting;
    this.known = known;
    this.listener = listener;
    this.output = setting.log().open(request.number());
    var name = setting.lease() + "/" + request.number();
    this.mark = Optional.ofNullable(setting.marks().get(request.number()));
    this.signals =
        new SignalQueue(name, mark.map(ExecMark::lastSignal).orElse(0L), this::signalled);
    this.sink =
        switch (request.kind()) {
          case COMMAND, UPLOAD -> new LogSink(output, listener::logBroke);
          case DOWNLOAD ->
              LogSink.download(output, listener::logBroke, request.limitBytes(), this::tooLarge);
        };
    this.thread = Thread.ofVirtual().name("exec " + name).unstarted(this::run);
    if (known.isEmpty()) {
      input.begin(0, true);
    }
  }

  void begin() {
    thread.start();
  }

  /** Nothing more is told; the guest is not touched. */
  void close() {
    disarm();
    thread.interrupt();
  }

  void input(long offset, byte[] data, boolean end) {
    if (!request.takesInput()) {
      return;
    }
    if (request.kind() == ExecKind.UPLOAD && offset + data.length > request.limitBytes()) {
      input.close();
      tooLarge();
    } else if (!input.add(offset, data, end)) {
      log.atWarn()
          .addKeyValue("attempt", setting.lease())
          .addKeyValue("exec", request.number())
          .log("Input with a gap, or beyond its limit, was not taken");
    }
  }

  void signal(ExecSignal signal) {
    signals.request(signal);
  }

  void terminate() {
    signals.toEverything(SignalQueue.SIGTERM);
  }

  /** What the process has of its input; empty when it takes none, or that is not known yet. */
  OptionalLong inputTaken() {
    return request.takesInput() ? input.taken() : OptionalLong.empty();
  }

  private void run() {
    try {
      var guest = start();
      running = guest;
      guest.ended().whenComplete((end, failure) -> input.close());
      startedAt = mark.map(ExecMark::startedAt).orElse(setting.timers().nanoTime());
      armTimeout();
      listener.started(
          request.number(), new ExecMark(startedAt, mark.map(ExecMark::lastSignal).orElse(0L)));
      signals.attach(guest);
      if (request.takesInput()) {
        giveInput(guest);
      }
      finish(guest, guest.ended().get());
    } catch (GuestException failure) {
      failed(failure);
    } catch (ExecutionException failure) {
      failed(guestFailure(failure));
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException bug) {
      broke(bug);
    } finally {
      disarm();
      input.close();
    }
  }

  /** Whoever waits for the end must not wait for the limit of the job because of a bug of ours. */
  private void broke(RuntimeException bug) {
    log.atError()
        .addKeyValue("attempt", setting.lease())
        .addKeyValue("exec", request.number())
        .setCause(bug)
        .log("Exec hit a bug");
    signals.toEverything(SignalQueue.SIGKILL);
    if (running != null) {
      signals.attach(running);
    }
    if (!told) {
      listener.ended(
          new ExecResult(
              request.number(),
              ExecPolicy.fault(FaultCode.INTERNAL, "the worker hit a bug of its own: " + bug),
              setting.log().lastSequence(),
              0,
              false));
    }
  }

  private void signalled(long signalRequest) {
    listener.signalled(request.number(), new ExecMark(startedAt, signalRequest));
  }

  private GuestExec start() throws GuestException, InterruptedException {
    int id = GuestExecs.guestId(request.number());
    if (known.isPresent()) {
      var guest =
          setting
              .session()
              .adopt(id, sink.safe(GuestStream.STDOUT), sink.safe(GuestStream.STDERR), sink);
      input.begin(known.get().stdinAccepted(), false);
      return guest;
    }
    return setting.session().start(id, specification(), sink, setting.startLimit());
  }

  private ExecSpec specification() {
    var with =
        setting.defaults().with(request.environment(), request.workingDirectory(), request.user());
    return GuestSpecs.of(request, with);
  }

  private void giveInput(GuestExec guest) throws GuestException, InterruptedException {
    long sent = known.map(KnownExec::stdinAccepted).orElse(0L);
    long taken = known.isPresent() ? -1 : 0;
    while (!guest.ended().isDone()) {
      if (taken >= 0 && (taken >= sent || input.isWaiting())) {
        var part = input.await();
        if (part.isEmpty()) {
          return;
        }
        guest.stdin(part.get().data());
        sent += part.get().data().length;
        if (part.get().end()) {
          guest.closeStdin();
        }
      }
      if (taken < sent) {
        taken = guest.awaitStdin(taken);
        input.taken(taken);
        listener.changed();
      }
    }
  }

  private void finish(GuestExec guest, ExecEnd end) throws InterruptedException, GuestException {
    ExecResult result;
    synchronized (this) {
      over = true;
      var outcome = givenUp != null ? givenUp : ExecPolicy.ended(request, end, setting.shape());
      result =
          new ExecResult(
              request.number(),
              outcome,
              setting.log().lastSequence(),
              end.peakMemoryKib(),
              end.outputGivenUp());
    }
    listener.ended(result);
    told = true;
    try {
      guest.forget();
    } catch (GuestException lost) {
      // Its end is told; whoever waits for another exec, or the owner's ping, finds the guest lost.
      log.atDebug().addKeyValue("reason", lost.getMessage()).log("Guest did not forget an exec");
    }
    forget();
    listener.gone(request.number());
  }

  private void forget() {
    try {
      output.forget();
    } catch (IOException failure) {
      listener.logBroke(failure);
    }
  }

  private void failed(GuestException failure) {
    if (failure.kind() != GuestException.Kind.EXEC_FAILED) {
      listener.guestLost(request.number(), failure);
      return;
    }
    listener.ended(
        new ExecResult(
            request.number(),
            ExecPolicy.notStarted(String.valueOf(failure.getMessage())),
            setting.log().lastSequence(),
            0,
            false));
    told = true;
    forget();
    listener.gone(request.number());
  }

  private static GuestException guestFailure(ExecutionException failure) {
    return failure.getCause() instanceof GuestException guest
        ? guest
        : new GuestException(GuestException.Kind.GONE, String.valueOf(failure.getCause()));
  }

  private void timedOut() {
    synchronized (this) {
      if (over || givenUp != null) {
        return;
      }
      givenUp = ExecPolicy.timedOut(request);
    }
    signals.toEverything(SignalQueue.SIGTERM);
    arm(TIMEOUT_GRACE, () -> signals.toEverything(SignalQueue.SIGKILL));
  }

  private void tooLarge() {
    synchronized (this) {
      if (over || givenUp != null) {
        return;
      }
      givenUp = ExecPolicy.tooLarge(request);
    }
    signals.toEverything(SignalQueue.SIGKILL);
  }

  /** Goes on from where an earlier worker process began to count. */
  private void armTimeout() {
    if (!request.timeout().isPositive()) {
      return;
    }
    var left = request.timeout().minus(setting.timers().since(startedAt));
    boolean hadEnded = known.isPresent() && known.get().ended();
    var least = hadEnded ? TAKE_IN_LIMIT : Duration.ZERO;
    arm(left.compareTo(least) < 0 ? least : left, this::timedOut);
  }

  private synchronized void arm(Duration delay, Runnable action) {
    if (!over) {
      alarm = setting.timers().after(delay, action);
    }
  }

  private synchronized void disarm() {
    over = true;
    if (alarm != null) {
      alarm.cancel();
      alarm = null;
    }
  }
}
