package dev.mayfly.it.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Rules that are not rows of the table: where rooms must never meet, and where a library may live.
 */
final class FurtherRules {
  /**
   * Names of pure deciders: time is an argument; no I/O (a Path is a value), no threads, no logger,
   * no randomness.
   */
  static final String DECIDERS = ".*\\.[A-Za-z0-9]+(Machine|Policy|Planner|Codec)";

  private FurtherRules() {}

  static Stream<ArchRule> all() {
    return Stream.of(
        apart(
            "the control plane does not know the host", "dev.mayfly.core..", "dev.mayfly.worker.."),
        apart("the server does not know the host", "dev.mayfly.server..", "dev.mayfly.worker.."),
        apart(
            "the server does not know how images are built",
            "dev.mayfly.server..",
            "dev.mayfly.image.builder..",
            "dev.mayfly.image.agent.."),
        apart(
            "the host does not know the control plane", "dev.mayfly.worker..", "dev.mayfly.core.."),
        apart("the worker does not know the server", "dev.mayfly.worker..", "dev.mayfly.server.."),
        apart("the worker needs no Spring", "dev.mayfly.worker..", "org.springframework.."),
        only(
            "JPA lives in persistence", "dev.mayfly.server.persistence..", "jakarta.persistence.."),
        only(
            "Hibernate lives in persistence", "dev.mayfly.server.persistence..", "org.hibernate.."),
        only("Quartz lives in schedule", "dev.mayfly.server.schedule..", "org.quartz.."),
        only("gRPC lives in workers", "dev.mayfly.server.workers..", "io.grpc.."),
        noClasses()
            .that()
            .resideInAnyPackage("dev.mayfly.core..", "dev.mayfly.worker.core..")
            .and()
            .haveNameMatching(DECIDERS)
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(
                        "org.slf4j..",
                        "java.io..",
                        "java.nio.file..",
                        "java.net..",
                        "java.util.concurrent..",
                        "java.security..")
                    .and(not(equivalentTo(Path.class))))
            .as("a decider is pure"));
  }

  private static ArchRule apart(String name, String room, String... strangers) {
    return noClasses()
        .that()
        .resideInAPackage(room)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(strangers)
        .as(name);
  }

  private static ArchRule only(String name, String home, String library) {
    return noClasses()
        .that()
        .resideInAPackage("dev.mayfly.server..")
        .and()
        .resideOutsideOfPackage(home)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .as(name);
  }
}
