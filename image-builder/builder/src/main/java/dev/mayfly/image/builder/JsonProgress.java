package dev.mayfly.image.builder;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * For the program that runs this one: one JSON object a line. {@code {"step":…,"state":"started"}},
 * {@code "noted"} with {@code detail}, {@code "finished"} with {@code seconds}; and at last {@code
 * {"bundle":"sha256:…","built":…}} or {@code {"error":…,"blame":"USER"|"EXTERNAL"|"PLATFORM"}}.
 */
final class JsonProgress implements Progress {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final PrintWriter out;
  private String step = "";

  JsonProgress(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void started(String name) {
    step = name;
    write(line("started"));
  }

  @Override
  public void noted(String detail) {
    Map<String, Object> line = line("noted");
    line.put("detail", detail);
    write(line);
  }

  @Override
  public void finished(String name, Duration took) {
    step = name;
    Map<String, Object> line = line("finished");
    line.put("seconds", took.toMillis() / 1e3);
    write(line);
  }

  /** The last line of a build that went well. */
  void ended(ImageBuilds.Result result) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bundle", result.bundle().digest().toString());
    line.put("built", result.built());
    write(line);
  }

  /** The last line of any other build. */
  void failed(String message, BuildException.Blame blame) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("error", message);
    line.put("blame", blame.name());
    write(line);
  }

  private Map<String, Object> line(String state) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step);
    line.put("state", state);
    return line;
  }

  private void write(Map<String, Object> line) {
    out.println(JSON.writeValueAsString(line));
    out.flush();
  }
}
