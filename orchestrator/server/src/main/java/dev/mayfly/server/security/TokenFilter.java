package dev.mayfly.server.security;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.filter.OncePerRequestFilter;

/** Reads the token of a call and says what it opens; whether that is enough is decided later. */
class TokenFilter extends OncePerRequestFilter {
  private final AccessTokens tokens;

  TokenFilter(AccessTokens tokens) {
    this.tokens = tokens;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (authorization != null) {
      for (AccessTokens.Purpose purpose : AccessTokens.Purpose.values()) {
        if (tokens.opens(authorization, purpose)) {
          SecurityContext context = SecurityContextHolder.createEmptyContext();
          context.setAuthentication(
              UsernamePasswordAuthenticationToken.authenticated(
                  purpose.name(), null, List.of(new SimpleGrantedAuthority(purpose.name()))));
          SecurityContextHolder.setContext(context);
          break;
        }
      }
    }
    chain.doFilter(request, response);
  }
}
