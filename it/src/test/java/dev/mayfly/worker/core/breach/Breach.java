package dev.mayfly.worker.core.breach;

/** Breaks the rules of its room on purpose, so that a test can show that they notice. */
@SuppressWarnings("unused")
final class Breach {
  private final Class<?> stranger = org.assertj.core.api.Assertions.class;
  private final Class<?> s1 = dev.mayfly.core.breach.Target.class;
  private final Class<?> s2 = dev.mayfly.server.breach.Target.class;
  private final Class<?> s3 = org.springframework.core.io.Resource.class;
}
