package dev.mayfly.server.breach;

/** Breaks the rules of its room on purpose, so that a test can show that they notice. */
@SuppressWarnings("unused")
final class Breach {
  private final Class<?> s1 = dev.mayfly.worker.core.vm.Hypervisor.class;
  private final Class<?> s2 = dev.mayfly.image.builder.breach.Target.class;
  private final Class<?> s3 = jakarta.persistence.Entity.class;
  private final Class<?> s4 = org.hibernate.Session.class;
  private final Class<?> s5 = org.quartz.Job.class;
  private final Class<?> s7 = software.amazon.awssdk.core.SdkBytes.class;
  private final Class<?> s6 = io.grpc.Status.class;
}
