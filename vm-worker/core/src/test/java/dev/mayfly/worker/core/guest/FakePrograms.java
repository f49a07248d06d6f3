package dev.mayfly.worker.core.guest;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Programs for {@link FakeGuest}. */
public final class FakePrograms {
  private FakePrograms() {}

  /** Every command is this program. */
  public static Function<ExecSpec, FakeProgram> always(FakeProgram program) {
    return spec -> program;
  }

  /**
   * A toy shell. The last argument of the command is the script; its lines, or parts between
   * semicolons, are {@code echo TEXT}, {@code echo TEXT >&2}, {@code fill BYTES}, {@code cat}
   * (stdin to stdout), {@code sleep SECONDS} (ends early only by a signal), {@code env NAME} and
   * {@code exit CODE}. Anything else ends it with 127, as a shell would.
   */
  public static Function<ExecSpec, FakeProgram> shell() {
    return shell(new FakeArchives());
  }

  /** The same; transfers of files go to and from these. */
  public static Function<ExecSpec, FakeProgram> shell(FakeArchives archives) {
    return spec ->
        switch (spec.kind()) {
          case COMMAND -> FakePrograms::interpret;
          case UNPACK -> archives::unpack;
          case PACK -> archives::pack;
        };
  }

  /** Bytes that differ everywhere, so that a loss or repetition shows. */
  public static byte[] pattern(int bytes) {
    byte[] pattern = new byte[bytes];
    int state = 1;
    for (int i = 0; i < bytes; i++) {
      state = state * 1664525 + 1013904223;
      pattern[i] = (byte) (state >>> 24);
    }
    return pattern;
  }

  private static int interpret(FakeProcess process) throws InterruptedException {
    String script = process.spec().command().getLast();
    for (String line : Arrays.asList(script.split("[;\n]"))) {
      List<String> words = List.of(line.strip().split(" ", 2));
      String rest = words.size() > 1 ? words.get(1) : "";
      switch (words.getFirst()) {
        case "" -> {}
        case "echo" -> echo(process, rest);
        case "fill" -> process.stdout(pattern(Integer.parseInt(rest)));
        case "cat" -> cat(process);
        case "sleep" -> Thread.sleep((long) (Double.parseDouble(rest) * 1000));
        case "env" -> process.print(environment(process, rest) + "\n");
        case "exit" -> {
          return Integer.parseInt(rest);
        }
        default -> {
          process.stderr((words.getFirst() + ": not found\n").getBytes(StandardCharsets.UTF_8));
          return 127;
        }
      }
    }
    return 0;
  }

  private static void echo(FakeProcess process, String text) throws InterruptedException {
    if (text.endsWith(">&2")) {
      String line = text.substring(0, text.length() - 3).strip() + "\n";
      process.stderr(line.getBytes(StandardCharsets.UTF_8));
    } else {
      process.print(text + "\n");
    }
  }

  private static void cat(FakeProcess process) throws InterruptedException {
    for (byte[] data = process.readStdin(); data.length > 0; data = process.readStdin()) {
      process.stdout(data);
    }
  }

  private static String environment(FakeProcess process, String name) {
    return process.spec().environment().stream()
        .filter(variable -> variable.startsWith(name + "="))
        .map(variable -> variable.substring(name.length() + 1))
        .findFirst()
        .orElse("");
  }
}
