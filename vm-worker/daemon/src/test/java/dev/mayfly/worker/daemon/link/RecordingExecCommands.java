package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.Outcome;
import dev.mayfly.worker.core.exec.ExecCommands;
import dev.mayfly.worker.core.exec.ExecRequest;
import dev.mayfly.worker.core.exec.ExecSignal;
import dev.mayfly.worker.core.exec.InputCredit;
import dev.mayfly.worker.core.lease.AttemptLease;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what is asked, and credits what a test says. Thread-safe. */
final class RecordingExecCommands implements ExecCommands {
  private final LinkedBlockingQueue<ExecRequest> requests = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<String> asked = new LinkedBlockingQueue<>();
  private volatile List<InputCredit> credits = List.of();

  ExecRequest awaitRequest() throws InterruptedException {
    var request = requests.poll(20, TimeUnit.SECONDS);
    if (request == null) {
      throw new AssertionError("no exec was started");
    }
    return request;
  }

  String awaitAsked() throws InterruptedException {
    var text = asked.poll(20, TimeUnit.SECONDS);
    if (text == null) {
      throw new AssertionError("nothing was asked");
    }
    return text;
  }

  void credit(InputCredit... now) {
    credits = List.of(now);
  }

  @Override
  public void start(AttemptLease lease, ExecRequest request) {
    requests.add(request);
  }

  @Override
  public void refuse(AttemptLease lease, int number, Outcome.Faulted why) {
    asked.add("refuse " + lease + " " + number + " " + why.code() + " " + why.detail());
  }

  @Override
  public void input(AttemptLease lease, int number, long offset, byte[] data, boolean end) {
    var text = new String(data, StandardCharsets.UTF_8);
    asked.add("input " + lease + " " + number + " " + offset + " " + text + " " + end);
  }

  @Override
  public void signal(AttemptLease lease, int number, ExecSignal signal) {
    asked.add("signal " + lease + " " + number + " " + signal);
  }

  @Override
  public List<InputCredit> credits() {
    return credits;
  }
}
