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
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
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
      assertThat(output.text(GuestStream.STDOUT)).isEqualTo("out\n");
      assertThat(output.text(GuestStream.STDERR)).isEqualTo("err\n");
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
      assertThat(output.bytes(GuestStream.STDOUT)).isEqualTo(input);
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
        exec =
            session.adopt(
                exec.id(),
                output.safe(GuestStream.STDOUT),
                output.safe(GuestStream.STDERR),
                output);
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
    assertThat(output.text(GuestStream.STDOUT)).isEqualTo(expected.toString());
    assertThat(cuts).isPositive();
  }

  @Test
  void manyCommandsAtOnceKeepTheirOutputApart() throws Exception {
    int count = 12;
    try (GuestSession session = open(false)) {
      Recorder[] outputs = new Recorder[count];
      GuestExec[] execs = new GuestExec[count];
      for (int i = 0; i < count; i++) {
        outputs[i] = new Recorder(10 * i);
        String script = "yes out-" + i + " | head -n 20000; echo err-" + i + " >&2; exit " + i;
        execs[i] = session.start(shell(script, false), outputs[i], PATIENCE);
      }
      for (int i = 0; i < count; i++) {
        assertThat(end(execs[i])).isEqualTo(i);
        assertThat(outputs[i].text(GuestStream.STDOUT))
            .isEqualTo(("out-" + i + "\n").repeat(20_000));
        assertThat(outputs[i].text(GuestStream.STDERR)).isEqualTo("err-" + i + "\n");
      }
    }
  }

  @Test
  void aCommandThatDoesNotReadHoldsOnlyItsOwnStdinBack() throws Exception {
    byte[] input = new byte[1_000_000];
    try (GuestSession session = open(false)) {
      GuestExec deaf = session.start(shell("exec sleep 600", true), new Recorder(), PATIENCE);
      Thread feeder = Feeder.start(deaf, input, 0);
      Recorder output = new Recorder();
      GuestExec other = session.start(shell("wc -c", true), output, PATIENCE);
      other.stdin(input);
      other.closeStdin();

      assertThat(end(other)).isZero();
      assertThat(output.text(GuestStream.STDOUT).strip()).isEqualTo("1000000");
      assertThat(feeder.isAlive()).as("still waits for the other to read").isTrue();
      deaf.signal(9, false);
      assertThat(end(deaf)).isEqualTo(137);
      assertThat(feeder.join(PATIENCE)).as("waits no longer").isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void threeCommandsAreTakenUpAgainAtOnceWithTheirStdin(long seed) throws Exception {
    Random random = new Random(seed);
    byte[] input = new byte[3_000_000];
    random.nextBytes(input);
    Recorder[] outputs = {new Recorder(), new Recorder(100), new Recorder(65_000)};
    GuestExec[] execs = new GuestExec[outputs.length];
    GuestSession session = open(false);
    for (int i = 0; i < execs.length; i++) {
      execs[i] = session.start(shell("cat; echo end >&2; exit " + i, true), outputs[i], PATIENCE);
      Feeder.start(execs[i], input, 0);
    }
    for (int cut = 0; cut < 8; cut++) {
      Thread.sleep(5 + random.nextInt(40));
      session.close();
      session = open(true);
      for (int i = execs.length - 1; i >= 0; i--) {
        int id = execs[i].id();
        long accepted =
            session.hello().execs().stream()
                .filter(known -> known.id() == id)
                .findFirst()
                .orElseThrow()
                .stdinAccepted();
        outputs[i].forgetHeld();
        execs[i] =
            session.adopt(
                id,
                outputs[i].safe(GuestStream.STDOUT),
                outputs[i].safe(GuestStream.STDERR),
                outputs[i]);
        Feeder.start(execs[i], input, accepted);
      }
    }
    for (int i = 0; i < execs.length; i++) {
      assertThat(end(execs[i])).isEqualTo(i);
      assertThat(outputs[i].bytes(GuestStream.STDOUT)).isEqualTo(input);
      assertThat(outputs[i].text(GuestStream.STDERR)).isEqualTo("end\n");
    }
    session.close();
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
    return agent.open(sessions, again, PATIENCE);
  }

  private static int end(GuestExec exec) throws Exception {
    return exec.ended().get(PATIENCE.toSeconds(), TimeUnit.SECONDS).exitCode();
  }

  private static ExecSpec shell(String script, boolean stdin) {
    return new ExecSpec(List.of("sh", "-c", script), List.of(), "/", false, "", stdin, 0022);
  }
}
