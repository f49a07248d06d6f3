package dev.mayfly.worker.core.exec;

import dev.mayfly.worker.core.guest.ExecSpec;

/** How the guest is asked for an exec. Pure. */
final class GuestSpecs {
  /** As most images have it. */
  private static final int UMASK = 0022;

  private static final String ROOT_DIRECTORY = "/";

  private GuestSpecs() {}

  /** What to run, where the request and the attempt are one already. */
  static ExecSpec of(ExecRequest request, ExecDefaults with) {
    var directory = with.workingDirectory().isEmpty() ? ROOT_DIRECTORY : with.workingDirectory();
    return switch (request.kind()) {
      case COMMAND ->
          new ExecSpec(
              request.command(),
              with.environment(),
              directory,
              true,
              with.user(),
              request.stdinOpen(),
              UMASK);
      case UPLOAD -> ExecSpec.unpack(request.path(), with.user());
      case DOWNLOAD -> ExecSpec.pack(request.path(), with.user());
    };
  }
}
