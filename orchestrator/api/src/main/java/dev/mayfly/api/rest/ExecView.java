package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An exec as REST shows it. Times are RFC 3339 with microseconds, in UTC. The environment is never
 * shown: it may hold secrets.
 *
 * @param number per job, from 1
 * @param attempt number of the attempt in whose microVM it is
 * @param kind {@code COMMAND}, {@code UPLOAD} or {@code DOWNLOAD}
 * @param command argv; empty for a transfer
 * @param path of a transfer
 * @param state {@code PENDING}, {@code STARTED} or {@code ENDED}
 * @param outcome present only when ENDED
 */
public record ExecView(
    String job,
    int number,
    int attempt,
    String kind,
    List<String> command,
    @Nullable String path,
    String state,
    String openedAt,
    @Nullable String startedAt,
    @Nullable String endedAt,
    @Nullable OutcomeView outcome,
    InputView input) {

  /**
   * Its standard input. Offsets count bytes.
   *
   * @param offset of the next byte to be sent
   * @param ended nothing can follow; also when the exec takes no input
   * @param acknowledged everything before it is with the process
   */
  public record InputView(long offset, boolean ended, long acknowledged) {}
}
