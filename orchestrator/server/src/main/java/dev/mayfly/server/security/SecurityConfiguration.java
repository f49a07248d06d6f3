package dev.mayfly.server.security;

import dev.mayfly.server.config.OrchestratorSettings;
import dev.mayfly.server.http.ProblemWriter;
import dev.mayfly.server.persistence.TokenStore;
import java.time.InstantSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.security.web.firewall.StrictHttpFirewall;

/** Who may call: everything needs a token but the API's description and its health. */
@Configuration(proxyBeanMethods = false)
@EnableWebSecurity
public class SecurityConfiguration {

  @Bean
  AccessTokens accessTokens(TokenStore store, OrchestratorSettings settings, InstantSource clock) {
    AccessTokens tokens = new AccessTokens(store, clock);
    TokenFiles files = new TokenFiles(settings.home());
    for (AccessTokens.Purpose purpose : AccessTokens.Purpose.values()) {
      tokens.add(files.readOrCreate(purpose), purpose);
    }
    return tokens;
  }

  @Bean
  SecurityFilterChain securityFilterChain(
      HttpSecurity http, AccessTokens tokens, ProblemWriter problems) throws Exception {
    return http.csrf(AbstractHttpConfigurer::disable) // No cookies, so nothing to forge.
        .httpBasic(AbstractHttpConfigurer::disable)
        .formLogin(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .anonymous(AbstractHttpConfigurer::disable)
        .sessionManagement(
            session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .addFilterBefore(new TokenFilter(tokens), AuthorizationFilter.class)
        .authorizeHttpRequests(requests ->
            requests
                .requestMatchers("/openapi", "/openapi.yaml", "/api/v1/health")
                .permitAll()
                .anyRequest()
                .hasAuthority(AccessTokens.Purpose.API.name()))
        .exceptionHandling(handling ->
            handling
                .authenticationEntryPoint((_, response, _) -> problems.unauthorized(response))
                .accessDeniedHandler((_, response, _) -> problems.forbidden(response)))
        .build();
  }

  /** Image names hold slashes, percent-encoded in a path. */
  @Bean
  HttpFirewall httpFirewall() {
    StrictHttpFirewall firewall = new StrictHttpFirewall();
    firewall.setAllowUrlEncodedSlash(true);
    return firewall;
  }

  @Bean
  RequestRejectedHandler requestRejectedHandler(ProblemWriter problems) {
    return (_, response, _) -> problems.badRequest(response);
  }
}
