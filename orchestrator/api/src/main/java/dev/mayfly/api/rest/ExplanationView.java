package dev.mayfly.api.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a job waits.
 *
 * @param asOf when it was worked out, RFC 3339, UTC; absent in the first moments of a job, before
 *     anybody looked
 * @param impossible no worker there is, however idle, could ever take it
 * @param ahead how many waiting jobs of its project go before it, counted up to {@value #MAX_AHEAD}
 * @param reasons one per worker and rule, the soonest to pass first
 * @param text all of it in one line
 */
public record ExplanationView(
    @Nullable String asOf, boolean impossible, int ahead, List<ReasonView> reasons, String text) {

  /** Nobody needs to know more exactly how far away his turn is. */
  public static final int MAX_AHEAD = 10_000;

  /**
   * One thing that stands in the way.
   *
   * @param rule its stable name
   * @param worker name of the worker it is about; absent: not about a worker, or about {@code
   *     workers} of them at once
   * @param workers how many workers it stands for; 0: it is not about workers
   * @param text what is wrong, without the worker's name
   */
  public record ReasonView(String rule, @Nullable String worker, int workers, String text) {}
}
