package dev.mayfly.server.http;

import dev.mayfly.api.rest.ExecView;
import dev.mayfly.core.exec.Exec;
import dev.mayfly.core.exec.ExecSpec;
import dev.mayfly.core.exec.ExecState;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Execs as REST shows them. */
final class ExecViews {
  private ExecViews() {}

  static ExecView view(Exec exec) {
    return new ExecView(
        exec.job().toString(),
        exec.number(),
        exec.attempt(),
        kind(exec.spec()),
        exec.spec() instanceof ExecSpec.Command command ? command.command() : List.of(),
        path(exec.spec()),
        state(exec.state()),
        Views.time(exec.openedAt()),
        exec.state() instanceof ExecState.Started(Instant at) ? Views.time(at) : null,
        exec.state() instanceof ExecState.Ended ended ? Views.time(ended.at()) : null,
        exec.state() instanceof ExecState.Ended ended ? JobViews.outcome(ended.outcome()) : null,
        new ExecView.InputView(
            exec.input().stored(), exec.input().ended(), exec.input().acknowledged()));
  }

  private static String kind(ExecSpec spec) {
    return switch (spec) {
      case ExecSpec.Command _ -> "COMMAND";
      case ExecSpec.Upload _ -> "UPLOAD";
      case ExecSpec.Download _ -> "DOWNLOAD";
    };
  }

  private static @Nullable String path(ExecSpec spec) {
    return switch (spec) {
      case ExecSpec.Command _ -> null;
      case ExecSpec.Upload upload -> upload.path();
      case ExecSpec.Download download -> download.path();
    };
  }

  private static String state(ExecState state) {
    return switch (state) {
      case ExecState.Pending _ -> "PENDING";
      case ExecState.Started _ -> "STARTED";
      case ExecState.Ended _ -> "ENDED";
    };
  }
}
