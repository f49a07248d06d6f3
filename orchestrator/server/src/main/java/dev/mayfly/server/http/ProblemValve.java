package dev.mayfly.server.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;

/** Answers as a problem what Tomcat itself refuses, before any of our code is reached. */
public class ProblemValve extends ErrorReportValve {
  private static final int FIRST_ERROR = 400;
  private static final int FIRST_ERROR_OF_OURS = 500;

  @Override
  protected void report(Request request, Response response, @Nullable Throwable throwable) {
    int status = response.getStatus();
    if (status < FIRST_ERROR || response.getContentWritten() > 0 || !response.setErrorReported()) {
      return;
    }
    boolean ours = status >= FIRST_ERROR_OF_OURS;
    String title = ours ? "Something broke here." : "The request was refused.";
    String type = ours ? "internal" : "bad-request";
    String body =
        "{\"type\":\"urn:mayfly:problem:%s\",\"title\":\"%s\",\"status\":%d,\"errors\":[]}"
            .formatted(type, title, status);
    try {
      response.setContentType("application/problem+json");
      response.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
      response.finishResponse();
    } catch (IOException gone) {
      // The client has hung up; there is nobody left to tell.
      container.getLogger().debug("Client gone before its error was written", gone);
    }
  }
}
