package dev.mayfly.it.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The table "who may import whom" of {@code ops/docs/ARCHITECTURE.md}; one row is one rule. */
final class Rooms {
  private static final String[] EVERYONE = {"java..", "org.jspecify.."};

  private Rooms() {}

  /**
   * @param name as people say it
   * @param home the packages of the room
   * @param mayImport besides itself, the JDK and JSpecify
   */
  record Room(String name, String home, List<String> mayImport) {

    ArchRule rule() {
      String[] allowed =
          Stream.of(Arrays.stream(EVERYONE), Stream.of(home), mayImport.stream())
              .flatMap(stream -> stream)
              .toArray(String[]::new);
      DescribedPredicate<JavaClass> allowedClass =
          resideInAnyPackage(allowed)
              .or(DescribedPredicate.describe("primitives", Rooms::isPrimitive));
      return classes()
          .that(resideInAPackage(home))
          .should()
          .onlyDependOnClassesThat(allowedClass)
          .as(name + " imports only what the table allows");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static boolean isPrimitive(JavaClass javaClass) {
    return javaClass.getBaseComponentType().isPrimitive();
  }

  private static Room room(String name, String home, String... mayImport) {
    return new Room(name, home, List.of(mayImport));
  }

  /**
   * The rooms whose imports are fully listed; server and daemon may use libraries and have rules of
   * their own.
   */
  static Stream<Room> closed() {
    return Stream.of(
        room(
            "api", "dev.mayfly.api..", "com.google.protobuf..", "io.grpc..", "com.google.common.."),
        room(
            "client",
            "dev.mayfly.client..",
            "dev.mayfly.api",
            "dev.mayfly.api.rest",
            "javax.net.ssl.."),
        room("orchestrator core", "dev.mayfly.core..", "dev.mayfly.api", "org.slf4j.."),
        room(
            "cli",
            "dev.mayfly.cli..",
            "dev.mayfly.client..",
            "dev.mayfly.api",
            "dev.mayfly.api.rest",
            "picocli..",
            // Signals; the JDK has no other way to hear one.
            "sun.misc"),
        room(
            "bundle",
            "dev.mayfly.image.bundle..",
            "tools.jackson..",
            "com.fasterxml.jackson.annotation..",
            "org.slf4j.."),
        room("image sources", "dev.mayfly.image.source..", "dev.mayfly.image.bundle"),
        room("disk", "dev.mayfly.image.disk.."),
        room(
            "tree",
            "dev.mayfly.image.tree..",
            "dev.mayfly.image.bundle..",
            "com.github.luben.zstd..",
            "org.tukaani.xz.."),
        room(
            "oci images",
            "dev.mayfly.image.oci..",
            "dev.mayfly.image.bundle",
            "dev.mayfly.image.tree",
            "org.apache.commons.compress..",
            "tools.jackson.."),
        room(
            "registry",
            "dev.mayfly.image.registry..",
            "dev.mayfly.image.bundle",
            "dev.mayfly.image.oci",
            "dev.mayfly.image.source",
            "land.oras..",
            "javax.net.ssl..",
            "tools.jackson.."),
        room(
            "builder",
            "dev.mayfly.image.builder..",
            "dev.mayfly.image..",
            "com.github.luben.zstd..",
            "org.apache.commons.compress..",
            "org.tukaani.xz..",
            "picocli..",
            "tools.jackson..",
            "org.slf4j.."),
        room(
            "worker core",
            "dev.mayfly.worker.core..",
            "dev.mayfly.api",
            "dev.mayfly.image.bundle..",
            "org.slf4j.."),
        room("worker linux", "dev.mayfly.worker.linux..", "jnr..", "com.kenai.jffi.."),
        room(
            "worker hypervisor",
            "dev.mayfly.worker.hypervisor..",
            "dev.mayfly.worker.core..",
            "dev.mayfly.worker.linux..",
            "dev.mayfly.image.bundle..",
            "dev.mayfly.api",
            "org.slf4j.."),
        room(
            "jenkins-plugin",
            "dev.mayfly.jenkins..",
            "dev.mayfly.client..",
            "dev.mayfly.api",
            "dev.mayfly.api.rest"),
        room(
            "gitlab-runner-adapter",
            "dev.mayfly.gitlab..",
            "dev.mayfly.client..",
            "dev.mayfly.api",
            "dev.mayfly.api.rest"));
  }
}
