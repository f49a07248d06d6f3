package dev.mayfly.server.http;

import dev.mayfly.api.rest.Problem;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import tools.jackson.databind.json.JsonMapper;

/** Writes problems where no controller is reached. Thread-safe. */
public class ProblemWriter {
  private final JsonMapper json;

  ProblemWriter(JsonMapper json) {
    this.json = json;
  }

  public void unauthorized(HttpServletResponse response) throws IOException {
    response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"mayfly\"");
    write(response, Problems.unauthorized());
  }

  public void forbidden(HttpServletResponse response) throws IOException {
    write(response, Problems.forbidden());
  }

  public void badRequest(HttpServletResponse response) throws IOException {
    write(
        response,
        Problems.badRequest("The request's method, path or headers hold what is not allowed."));
  }

  void write(HttpServletResponse response, Problem problem) throws IOException {
    byte[] body = json.writeValueAsString(problem).getBytes(StandardCharsets.UTF_8);
    response.setStatus(problem.status());
    response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }
}
