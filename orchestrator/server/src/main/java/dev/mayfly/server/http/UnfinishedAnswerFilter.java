package dev.mayfly.server.http;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.coyote.CloseNowException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Closes the connection under an answer that could not be finished: its end must not look like the
 * end of what was asked for.
 */
class UnfinishedAnswerFilter extends OncePerRequestFilter {
  private static final String BROKEN_OFF = UnfinishedAnswerFilter.class.getName();

  /** The answer of this request is not whole. */
  static void breakOff(HttpServletRequest request) {
    request.setAttribute(BROKEN_OFF, true);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    chain.doFilter(request, response);
    if (request.getAttribute(BROKEN_OFF) != null) {
      throw new CloseNowException("The answer could not be finished");
    }
  }
}
