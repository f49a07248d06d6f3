package dev.mayfly.it.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.guest.GuestException;
import dev.mayfly.worker.core.guest.GuestExec;
import dev.mayfly.worker.core.guest.GuestHello;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import dev.mayfly.worker.core.guest.GuestSetup;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The agent under AddressSanitizer and UBSan, talked to by the worker's own session. */
class AgentConversationIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private final FramedGuestSessions sessions = new FramedGuestSessions(new SecureRandom());
  private LoopbackAgent agent;

  @BeforeEach
  void start(@TempDir Path directory) throws Exception {
    agent = LoopbackAgent.start(directory);
  }

  @AfterEach
  void theSanitizersAreContent() throws Exception {
    String complaints = agent.complaints();
    boolean alive = agent.alive();
    agent.close();
    assertThat(complaints).isEmpty();
    assertThat(alive).as("the agent was still there at the end").isTrue();
  }

  @Test
  void aCommandsOutputAndExitCodeComeBackApart() throws Exception {
    try (GuestSession session = open(false)) {
      Recorder output = new Recorder();
      GuestExec exec =
          session.start(shell("echo out; echo err >&2; exit 4", false), output, PATIENCE);

      GuestExec.ExecEnd end = exec.ended().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

      assertThat(end.exitCode()).isEqualTo(4);
      assertThat(output.stdout.toString(StandardCharsets.UTF_8)).isEqualTo("out\n");
      assertThat(output.stderr.toString(StandardCharsets.UTF_8)).isEqualTo("err\n");
    }
  }

  @Test
  void stdinOfManyWindowsArrivesWhole() throws Exception {
    byte[] input = new byte[700_000];
    new Random(7).nextBytes(input);
    try (GuestSession session = open(false)) {
      Recorder output = new Recorder();
      GuestExec exec = session.start(shell("cat", true), output, PATIENCE);
      exec.stdin(input);
      exec.closeStdin();

      assertThat(exec.ended().get(PATIENCE.toSeconds(), TimeUnit.SECONDS).exitCode()).isZero();
      assertThat(output.stdout.toByteArray()).isEqualTo(input);
    }
  }

  @Test
  void aSignalReachesEverythingTheCommandStarted() throws Exception {
    try (GuestSession session = open(false)) {
      GuestExec exec =
          session.start(shell("sleep 600 & sleep 600 & wait", false), new Recorder(), PATIENCE);
      exec.signal(15, true);

      GuestExec.ExecEnd end = exec.ended().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(end.signalled()).isTrue();
      assertThat(end.exitCode()).isEqualTo(143);
    }
  }

  @Test
  void aCommandThatIsNotThereIsARefusalNotAnEnd() throws Exception {
    try (GuestSession session = open(false)) {
      ExecSpec nothing =
          new ExecSpec(List.of("no-such-command"), List.of(), "/", false, "", false, 0022);

      assertThatThrownBy(() -> session.start(nothing, new Recorder(), PATIENCE))
          .isInstanceOfSatisfying(
              GuestException.class,
              refused -> assertThat(refused.kind()).isEqualTo(GuestException.Kind.EXEC_FAILED));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void aConnectionCutAnywhereLosesAndRepeatsNothing(long seed) throws Exception {
    Random random = new Random(seed);
    int lines = 120_000;
    Recorder output = new Recorder();
    GuestSession session = open(false);
    GuestExec exec =
        session.start(
            shell(
                "i=0; while [ $i -lt " + lines + " ]; do echo line-$i; i=$((i+1)); done; exit 9",
                false),
            output,
            PATIENCE);
    GuestExec.ExecEnd end = null;
    int cuts = 0;
    while (end == null) {
      try {
        end = exec.ended().get(5 + random.nextInt(60), TimeUnit.MILLISECONDS);
      } catch (java.util.concurrent.TimeoutException running) {
        session.close();
        cuts++;
        session = open(true);
        exec = session.adopt(exec.id(), output.stdout.size(), output.stderr.size(), output);
      } catch (ExecutionException cut) {
        throw new AssertionError("the conversation broke by itself", cut);
      }
      if (cuts > 40) {
        end = exec.ended().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
    }
    session.close();

    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      expected.append("line-").append(i).append('\n');
    }
    assertThat(end.exitCode()).isEqualTo(9);
    assertThat(output.stdout.toString(StandardCharsets.UTF_8)).isEqualTo(expected.toString());
    assertThat(cuts).isPositive();
  }

  @Test
  void rubbishBeforeTheFirstWordIsPassedOver() throws Exception {
    byte[] rubbish = new byte[200_000];
    new Random(11).nextBytes(rubbish);
    LoopbackAgent.SocketGuestChannel channel = agent.connect();
    channel.write(ByteBuffer.wrap(rubbish));

    try (GuestSession session = sessions.open(channel, true, PATIENCE)) {
      assertThat(session.hello().setupState()).isEqualTo(GuestHello.SetupState.NONE);
    }
  }

  private GuestSession open(boolean again) throws Exception {
    GuestSession session = sessions.open(agent.connect(), again, PATIENCE);
    if (!again) {
      byte[] entropy = new byte[32];
      session.setup(
          new GuestSetup(
              Instant.now(),
              entropy,
              "loopback",
              "0123456789abcdef0123456789abcdef",
              "",
              "",
              "",
              "",
              GuestSetup.Network.NONE,
              Duration.ZERO),
          PATIENCE);
    }
    return session;
  }

  private static ExecSpec shell(String script, boolean stdin) {
    return new ExecSpec(List.of("sh", "-c", script), List.of(), "/", false, "", stdin, 0022);
  }

  /** Keeps both streams and checks that offsets have neither gaps nor repeats. */
  private static final class Recorder implements GuestSession.OutputSink {
    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();

    @Override
    public synchronized void output(GuestStream stream, long offset, byte[] data) {
      ByteArrayOutputStream into = stream == GuestStream.STDOUT ? stdout : stderr;
      if (offset != into.size()) {
        throw new IllegalStateException("offset " + offset + " where " + into.size() + " was due");
      }
      into.writeBytes(data);
    }
  }
}
