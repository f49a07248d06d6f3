package dev.mayfly.cli;

import dev.mayfly.api.rest.ImagePolicyChange;
import dev.mayfly.api.rest.ImagePolicyView;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A policy as it is to be: what it was, but for what was named. In its words {@code none} takes
 * something away.
 */
record PolicyDraft(
    @Nullable String source,
    @Nullable String kernel,
    @Nullable String refreshCron,
    @Nullable Integer watchSeconds,
    int keep,
    boolean pinned,
    List<String> prepullPools) {

  private static final String NONE = "none";

  static PolicyDraft of(Optional<ImagePolicyView> before) {
    return before
        .map(policy ->
            new PolicyDraft(
                policy.source(),
                policy.kernel(),
                policy.refreshCron(),
                policy.watchSeconds(),
                policy.keep(),
                policy.pinned(),
                policy.prepullPools()))
        .orElse(
            new PolicyDraft(
                null, null, null, null, ImagePolicyChange.DEFAULT_KEEP, false, List.of()));
  }

  PolicyDraft pinned(boolean wanted) {
    return new PolicyDraft(source, kernel, refreshCron, watchSeconds, keep, wanted, prepullPools);
  }

  PolicyDraft source(@Nullable String wanted) {
    return new PolicyDraft(
        over(source, wanted), kernel, refreshCron, watchSeconds, keep, pinned, prepullPools);
  }

  PolicyDraft kernel(@Nullable String wanted) {
    return new PolicyDraft(
        source, over(kernel, wanted), refreshCron, watchSeconds, keep, pinned, prepullPools);
  }

  PolicyDraft refresh(@Nullable String wanted) {
    return new PolicyDraft(
        source, kernel, over(refreshCron, wanted), watchSeconds, keep, pinned, prepullPools);
  }

  /**
   * @param wanted null: as it was; 0: never
   */
  PolicyDraft watch(@Nullable Integer wanted) {
    Integer seconds = wanted == null ? watchSeconds : wanted == 0 ? null : wanted;
    return new PolicyDraft(source, kernel, refreshCron, seconds, keep, pinned, prepullPools);
  }

  PolicyDraft keep(@Nullable Integer wanted) {
    return new PolicyDraft(
        source,
        kernel,
        refreshCron,
        watchSeconds,
        wanted == null ? keep : wanted,
        pinned,
        prepullPools);
  }

  /**
   * @param wanted empty: as they were
   */
  PolicyDraft prepull(List<String> wanted) {
    List<String> pools =
        wanted.isEmpty() ? prepullPools : wanted.equals(List.of(NONE)) ? List.of() : wanted;
    return new PolicyDraft(source, kernel, refreshCron, watchSeconds, keep, pinned, pools);
  }

  ImagePolicyChange change() {
    return new ImagePolicyChange(
        source, kernel, refreshCron, watchSeconds, keep, pinned, prepullPools);
  }

  private static @Nullable String over(@Nullable String before, @Nullable String wanted) {
    return wanted == null ? before : wanted.equals(NONE) ? null : wanted;
  }
}
