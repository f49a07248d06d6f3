package dev.mayfly.server.http;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/** Refuses query parameters that the call does not have: a misspelt filter must not list all. */
class UnknownParameterInterceptor implements HandlerInterceptor {

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    String query = request.getQueryString();
    if (query != null
        && handler instanceof HandlerMethod method
        && method.getBeanType().getPackageName().equals(getClass().getPackageName())) {
      List<String> known =
          Arrays.stream(method.getMethodParameters())
              .map(UnknownParameterInterceptor::name)
              .filter(Objects::nonNull)
              .toList();
      for (String pair : query.split("&", -1)) {
        String name = decoded(pair.split("=", 2)[0]);
        if (!name.isEmpty() && !known.contains(name)) {
          throw new RefusedRequestException(
              Problems.badParameter(
                  name,
                  known.isEmpty()
                      ? "is unknown; this call has no parameters"
                      : "is unknown; this call has " + String.join(", ", known)));
        }
      }
    }
    return true;
  }

  private static @org.jspecify.annotations.Nullable String name(MethodParameter parameter) {
    RequestParam annotation = parameter.getParameterAnnotation(RequestParam.class);
    return annotation == null ? null : annotation.name();
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException malformed) {
      return text;
    }
  }
}
