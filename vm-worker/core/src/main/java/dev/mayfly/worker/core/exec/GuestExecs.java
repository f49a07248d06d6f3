package dev.mayfly.worker.core.exec;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestHello.KnownExec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** {@link Execs} over one conversation with a guest that is set up. */
public final class GuestExecs implements Execs {
  private final ExecSetting setting;
  private final ExecReports reports;
  private final Runnable nudge;
  private final RunningExec.Listener listener = new Told();

  // Guarded by this.
  private final Map<Integer, RunningExec> open = new LinkedHashMap<>();
  private final Map<Integer, KnownExec> unclaimed = new LinkedHashMap<>();
  private final BitSet ended = new BitSet();
  private int leaving;
  private boolean closed;
  private OptionalLong idleSince;

  /**
   * Execs of a guest; those that it has already wait for {@link #start}.
   *
   * @param nudge called when {@link #credits} may have changed; must not block
   */
  public GuestExecs(ExecSetting setting, ExecReports reports, Runnable nudge) {
    this.setting = setting;
    this.reports = reports;
    this.nudge = nudge;
    setting.ended().forEach(ended::set);
    setting.session().hello().execs().forEach(known -> unclaimed.put(number(known), known));
    this.idleSince = OptionalLong.of(setting.timers().nanoTime());
  }

  static int guestId(int number) {
    return number + 1;
  }

  private static int number(KnownExec known) {
    return known.id() - 1;
  }

  @Override
  public void start(ExecRequest request) {
    Outcome.@Nullable Faulted refusal;
    synchronized (this) {
      int number = request.number();
      if (isKnown(number)) {
        return;
      }
      refusal = refusal(request);
      if (refusal == null) {
        var had = Optional.ofNullable(unclaimed.remove(number));
        var exec = new RunningExec(request, setting, had, listener);
        open.put(number, exec);
        idleSince = OptionalLong.empty();
        exec.begin();
      }
    }
    if (refusal != null) {
      refuse(request.number(), refusal);
    }
  }

  @Override
  public void refuse(int number, Outcome.Faulted why) {
    synchronized (this) {
      if (isKnown(number)) {
        return;
      }
      ended.set(number);
    }
    reports.ended(new ExecResult(number, why, setting.log().lastSequence(), 0, false));
  }

  private boolean isKnown(int number) {
    return closed || open.containsKey(number) || ended.get(number);
  }

  private Outcome.@Nullable Faulted refusal(ExecRequest request) {
    if (open.size() + leaving >= MAX_OPEN) {
      return ExecPolicy.tooManyOpen();
    }
    try {
      setting.log().learn(request.secrets());
      return null;
    } catch (IllegalArgumentException tooMany) {
      return ExecPolicy.fault(
          FaultCode.COMMAND_NOT_STARTED,
          "the exec was not started: its secrets and those before it are too many: "
              + tooMany.getMessage());
    }
  }

  @Override
  public void input(int number, long offset, byte[] data, boolean end) {
    find(number).ifPresent(exec -> exec.input(offset, data, end));
  }

  @Override
  public void signal(int number, ExecSignal signal) {
    find(number).ifPresent(exec -> exec.signal(signal));
  }

  private synchronized Optional<RunningExec> find(int number) {
    return Optional.ofNullable(open.get(number));
  }

  private synchronized List<RunningExec> all() {
    return List.copyOf(open.values());
  }

  @Override
  public void terminateAll() {
    all().forEach(RunningExec::terminate);
  }

  @Override
  public synchronized OptionalLong idleSince() {
    return idleSince;
  }

  @Override
  public synchronized List<Integer> open() {
    return List.copyOf(open.keySet());
  }

  @Override
  public synchronized List<InputCredit> credits() {
    var credits = new ArrayList<InputCredit>();
    open.forEach((number, exec) ->
        exec.inputTaken()
            .ifPresent(taken ->
                credits.add(
                    new InputCredit(setting.lease(), number, taken, taken + INPUT_WINDOW_BYTES))));
    return credits;
  }

  @Override
  public void dropUnclaimed() {
    List<KnownExec> dropped;
    synchronized (this) {
      dropped = closed ? List.of() : List.copyOf(unclaimed.values());
      unclaimed.clear();
    }
    dropped.forEach(known -> new UnwantedExec(setting, known).drop());
  }

  @Override
  public void close() {
    List<RunningExec> execs;
    synchronized (this) {
      closed = true;
      execs = all();
    }
    execs.forEach(RunningExec::close);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Keeps account, and passes on what is to be told. */
  private final class Told implements RunningExec.Listener {
    @Override
    public void started(int number, ExecMark mark) {
      if (!isClosed()) {
        reports.started(number, mark);
      }
      nudge.run();
    }

    @Override
    public void signalled(int number, ExecMark mark) {
      if (!isClosed()) {
        reports.signalled(number, mark);
      }
    }

    @Override
    public void ended(ExecResult result) {
      synchronized (GuestExecs.this) {
        if (closed) {
          return;
        }
        // Told a second time when a bug broke off the first.
        ended.set(result.number());
        if (open.remove(result.number()) != null) {
          leaving++;
        }
        if (open.isEmpty()) {
          idleSince = OptionalLong.of(setting.timers().nanoTime());
        }
      }
      reports.ended(result);
    }

    @Override
    public void gone(int number) {
      synchronized (GuestExecs.this) {
        leaving--;
      }
    }

    @Override
    public void guestLost(int number, GuestException failure) {
      if (!isClosed()) {
        reports.guestLost(number, failure);
      }
    }

    @Override
    public void logBroke(IOException failure) {
      reports.logBroke(failure);
    }

    @Override
    public void changed() {
      nudge.run();
    }
  }
}
