package dev.mayfly.it.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.mayfly.worker.core.guest.ExecSpec;
import dev.mayfly.worker.core.guest.FramedGuestSessions;
import dev.mayfly.worker.core.guest.GuestExec;
import dev.mayfly.worker.core.guest.GuestSession;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files in and out of the sanitized agent, in archives that another implementation wrote and reads.
 */
class AgentTransferIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String LONG = ("d".repeat(90) + "/").repeat(3) + "größe-" + "f".repeat(120);
  private static final byte[] LARGE = random(10_000_000);

  @TempDir Path directory;
  private final FramedGuestSessions sessions = new FramedGuestSessions(new SecureRandom());
  private LoopbackAgent agent;
  private Path target;

  /** What one entry of an archive says. */
  private record Entry(byte type, int mode, String link, int hash) {}

  @BeforeEach
  void start() throws Exception {
    agent = LoopbackAgent.start(directory);
    target = directory.resolve("target");
  }

  @AfterEach
  void theSanitizersAreContent() throws Exception {
    String complaints = agent.complaints();
    boolean alive = agent.alive();
    agent.close();
    assertThat(complaints).isEmpty();
    assertThat(alive).as("the agent was still there at the end").isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {TarArchiveOutputStream.LONGFILE_POSIX, TarArchiveOutputStream.LONGFILE_GNU})
  void aTreeComesBackAsItWas(int longNames) throws Exception {
    byte[] archive = tree(longNames);
    try (GuestSession session = open(false)) {
      assertThat(upload(session, archive).code()).isZero();

      assertThat(target.resolve("tree/large")).hasBinaryContent(LARGE);
      assertThat(target.resolve("tree").resolve(LONG)).hasContent("far away");
      assertThat(target.resolve("tree/größe 日本")).hasContent("named");
      assertThat(Files.readSymbolicLink(target.resolve("tree/soft"))).hasToString("../" + LONG);
      assertThat(Files.isSameFile(target.resolve("tree/hard"), target.resolve("tree/large")))
          .isTrue();
      assertThat(target.resolve("tree/empty")).isEmptyDirectory();
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(
                      target.resolve("tree/script"), LinkOption.NOFOLLOW_LINKS)))
          .isEqualTo("rwxr-x--x");

      Transfer back = download(session, target.resolve("tree"));
      assertThat(back.code()).isZero();
      assertThat(resolved(entries(back.stdout()))).isEqualTo(resolved(entries(archive)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "../escaped, ''",
    "a/../../escaped, ''",
    "/escaped, ''",
    "out, ..",
    "out, /tmp",
  })
  void anArchiveThatWantsOutIsRefused(String name, String link) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      if (!link.isEmpty()) {
        TarArchiveEntry out = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
        out.setLinkName(link);
        tar.putArchiveEntry(out);
        tar.closeArchiveEntry();
      }
      // As it stands: the library would take away the slash in front.
      TarArchiveEntry entry = new TarArchiveEntry(link.isEmpty() ? name : name + "/escaped", true);
      entry.setSize(1);
      tar.putArchiveEntry(entry);
      tar.write('x');
      tar.closeArchiveEntry();
    }
    try (GuestSession session = open(false)) {
      Transfer refused = upload(session, bytes.toByteArray());

      assertThat(refused.code()).isEqualTo(ExecSpec.TRANSFER_REFUSED);
      assertThat(refused.stderr()).startsWith("mayfly unpack: ").containsOnlyOnce("\n");
    }
    assertThat(directory.resolve("escaped")).doesNotExist();
    assertThat(Path.of("/escaped")).doesNotExist();
    assertThat(Path.of("/tmp/escaped")).doesNotExist();
  }

  @Test
  void aTruncatedArchiveAndJunkAreRefused() throws Exception {
    byte[] archive = tree(TarArchiveOutputStream.LONGFILE_POSIX);
    try (GuestSession session = open(false)) {
      Transfer truncated = upload(session, Arrays.copyOf(archive, 5_000_000));
      assertThat(truncated.code()).isEqualTo(ExecSpec.TRANSFER_REFUSED);
      assertThat(truncated.stderr())
          .isEqualTo("mayfly unpack: tree/large: the archive ends too early\n");
      assertThat(target.resolve("tree/large")).doesNotExist();

      // More than all windows hold, so that its writer sees the end of its reader.
      Transfer junk = upload(session, random(1_000_000));
      assertThat(junk.code()).isEqualTo(ExecSpec.TRANSFER_REFUSED);
      assertThat(junk.stderr()).contains("no tar archive");

      assertThat(upload(session, new byte[0]).code()).isEqualTo(ExecSpec.TRANSFER_REFUSED);
    }
  }

  @Test
  void filesBelongToTheUserWhoUnpacksThem() throws Exception {
    assumeThat(Files.getAttribute(directory, "unix:uid")).as("root may be others").isEqualTo(0);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    byte[] archive = tree(TarArchiveOutputStream.LONGFILE_POSIX);
    try (GuestSession session = open(false)) {
      Path deeper = target.resolve("deeper");
      assertThat(run(session, ExecSpec.unpack(deeper.toString(), "54321:12345"), archive).code())
          .isZero();
      for (Path path : List.of(deeper, deeper.resolve("tree/large"), deeper.resolve("tree/soft"))) {
        assertThat(Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS))
            .isEqualTo(54321);
        assertThat(Files.getAttribute(path, "unix:gid", LinkOption.NOFOLLOW_LINKS))
            .isEqualTo(12345);
      }

      Files.setPosixFilePermissions(
          deeper.resolve("tree/script"), PosixFilePermissions.fromString("---------"));
      Transfer partly = run(session, ExecSpec.pack(deeper.toString(), "54321:12345"), new byte[0]);
      assertThat(partly.code()).isEqualTo(ExecSpec.TRANSFER_FAILED);
      assertThat(partly.stderr()).isEqualTo("mayfly pack: deeper/tree/script: Permission denied\n");
      assertThat(entries(partly.stdout()))
          .containsKey("deeper/tree/large")
          .doesNotContainKey("deeper/tree/script");
    }
  }

  @Test
  void aPathThatIsNotThereIsRefused() throws Exception {
    try (GuestSession session = open(false)) {
      Transfer missing = download(session, directory.resolve("missing"));

      assertThat(missing.code()).isEqualTo(ExecSpec.TRANSFER_REFUSED);
      assertThat(missing.stdout()).isEmpty();
      assertThat(missing.stderr())
          .isEqualTo(
              "mayfly pack: " + directory.resolve("missing") + ": No such file or directory\n");
    }
  }

  @Test
  void aSignalEndsATransferThatWaits() throws Exception {
    try (GuestSession session = open(false)) {
      GuestExec exec =
          session.start(ExecSpec.unpack(target.toString(), ""), new Recorder(), PATIENCE);
      exec.stdin(new byte[100]);
      exec.signal(15, true);

      assertThat(end(exec)).isEqualTo(143);
    }
  }

  @Test
  void severalTransfersRunAtOnce() throws Exception {
    byte[] archive = tree(TarArchiveOutputStream.LONGFILE_POSIX);
    try (GuestSession session = open(false)) {
      GuestExec waiting =
          session.start(
              ExecSpec.unpack(directory.resolve("waiting").toString(), ""),
              new Recorder(),
              PATIENCE);
      assertThat(upload(session, archive).code()).isZero();
      assertThat(download(session, target).code()).isZero();
      Feeder.start(waiting, archive, 0);
      assertThat(end(waiting)).isZero();
      assertThat(directory.resolve("waiting/tree/large")).hasBinaryContent(LARGE);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void cutConnectionsLoseAndRepeatNothingOfATransfer(long seed) throws Exception {
    Random random = new Random(seed);
    byte[] archive = tree(TarArchiveOutputStream.LONGFILE_POSIX);
    GuestSession session = open(false);
    GuestExec in = session.start(ExecSpec.unpack(target.toString(), ""), new Recorder(), PATIENCE);
    Feeder.start(in, archive, 0);
    for (int cut = 0; cut < 5; cut++) {
      Thread.sleep(5 + random.nextInt(20));
      session.close();
      session = open(true);
      int id = in.id();
      long accepted = accepted(session, id);
      in = session.adopt(id, 0, 0, new Recorder());
      Feeder.start(in, archive, accepted);
    }
    assertThat(end(in)).isZero();
    assertThat(target.resolve("tree/large")).hasBinaryContent(LARGE);

    Recorder output = new Recorder(60_000);
    GuestExec out =
        session.start(ExecSpec.pack(target.resolve("tree").toString(), ""), output, PATIENCE);
    for (int cut = 0; cut < 5; cut++) {
      Thread.sleep(5 + random.nextInt(20));
      session.close();
      session = open(true);
      output.forgetHeld();
      out = session.adopt(out.id(), output.safe(GuestStream.STDOUT), 0, output);
    }
    assertThat(end(out)).isZero();
    assertThat(resolved(entries(output.bytes(GuestStream.STDOUT))))
        .isEqualTo(resolved(entries(archive)));
    session.close();
  }

  /** How a transfer ended, and what it said. */
  private record Transfer(int code, byte[] stdout, String stderr) {}

  private Transfer upload(GuestSession session, byte[] archive) throws Exception {
    return run(session, ExecSpec.unpack(target.toString(), ""), archive);
  }

  private static Transfer download(GuestSession session, Path path) throws Exception {
    return run(session, ExecSpec.pack(path.toString(), ""), new byte[0]);
  }

  private static Transfer run(GuestSession session, ExecSpec spec, byte[] input) throws Exception {
    Recorder output = new Recorder();
    GuestExec exec = session.start(spec, output, PATIENCE);
    if (spec.stdinOpen()) {
      exec.stdin(input);
      exec.closeStdin();
    }
    int code = end(exec);
    exec.forget();
    String said = output.text(GuestStream.STDERR);
    assertThat(said).doesNotContain("Sanitizer", "runtime error");
    return new Transfer(code, output.bytes(GuestStream.STDOUT), said);
  }

  private static int end(GuestExec exec) throws Exception {
    return exec.ended().get(PATIENCE.toSeconds(), TimeUnit.SECONDS).exitCode();
  }

  private static long accepted(GuestSession session, int id) {
    return session.hello().execs().stream()
        .filter(known -> known.id() == id)
        .findFirst()
        .orElseThrow()
        .stdinAccepted();
  }

  private GuestSession open(boolean again) throws Exception {
    return agent.open(sessions, again, PATIENCE);
  }

  private static byte[] tree(int longNames) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      tar.setLongFileMode(longNames);
      directory(tar, "tree/");
      file(tar, "tree/large", 0644, LARGE);
      directory(tar, "tree/empty/");
      directory(tar, "tree/" + "d".repeat(90) + "/");
      directory(tar, "tree/" + ("d".repeat(90) + "/").repeat(2));
      directory(tar, "tree/" + ("d".repeat(90) + "/").repeat(3));
      file(tar, "tree/" + LONG, 0600, "far away".getBytes(StandardCharsets.UTF_8));
      file(tar, "tree/größe 日本", 0644, "named".getBytes(StandardCharsets.UTF_8));
      file(tar, "tree/script", 0751, new byte[0]);
      link(tar, "tree/soft", TarConstants.LF_SYMLINK, "../" + LONG);
      link(tar, "tree/hard", TarConstants.LF_LINK, "tree/large");
    }
    return bytes.toByteArray();
  }

  private static void directory(TarArchiveOutputStream tar, String name) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(0755);
    tar.putArchiveEntry(entry);
    tar.closeArchiveEntry();
  }

  private static void file(TarArchiveOutputStream tar, String name, int mode, byte[] contents)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(mode);
    entry.setSize(contents.length);
    tar.putArchiveEntry(entry);
    tar.write(contents);
    tar.closeArchiveEntry();
  }

  private static void link(TarArchiveOutputStream tar, String name, byte type, String to)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, type);
    entry.setMode(type == TarConstants.LF_LINK ? 0644 : 0777);
    entry.setLinkName(to);
    tar.putArchiveEntry(entry);
    tar.closeArchiveEntry();
  }

  private static Map<String, Entry> entries(byte[] archive) throws IOException {
    Map<String, Entry> entries = new TreeMap<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new ByteArrayInputStream(archive), "UTF-8")) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        int hash = Arrays.hashCode(tar.readAllBytes());
        entries.put(
            entry.getName(),
            new Entry(entry.getLinkFlag(), entry.getMode() & 07777, entry.getLinkName(), hash));
      }
    }
    return entries;
  }

  /**
   * Which of the two names of one file carries the contents is up to the order in its directory; so
   * the link is seen as a file with the contents of what it names.
   */
  private static Map<String, Entry> resolved(Map<String, Entry> entries) {
    Map<String, Entry> resolved = new TreeMap<>(entries);
    resolved.replaceAll((name, entry) ->
        entry.type() == TarConstants.LF_LINK
            ? Objects.requireNonNull(entries.get(entry.link()))
            : entry);
    return resolved;
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }
}
