package dev.mayfly.it.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks the import table, and that each of its rules would notice a breach. */
class ArchitectureTest {
  private static final JavaClasses PRODUCTION =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          // Doubles that other modules lend to the simulation.
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.mayfly");

  /**
   * Classes that break every rule on purpose; they lie in the rooms' packages but in this module's
   * test sources.
   */
  private static final JavaClasses BREACHES =
      new ClassFileImporter()
          .withImportOption(location -> location.contains("/breach/"))
          .importPackages("dev.mayfly");

  static Stream<Rooms.Room> rooms() {
    return Rooms.closed();
  }

  static Stream<ArchRule> furtherRules() {
    return FurtherRules.all();
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomImportsOnlyWhatTheTableAllows(Rooms.Room room) {
    room.rule().check(PRODUCTION);
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aBreachOfTheTableIsNoticed(Rooms.Room room) {
    assertThat(room.rule().evaluate(BREACHES).hasViolation()).isTrue();
  }

  @ParameterizedTest
  @MethodSource("furtherRules")
  void aFurtherRuleHolds(ArchRule rule) {
    rule.check(PRODUCTION);
  }

  @ParameterizedTest
  @MethodSource("furtherRules")
  void aBreachOfAFurtherRuleIsNoticed(ArchRule rule) {
    assertThat(rule.evaluate(BREACHES).hasViolation()).as(rule.getDescription()).isTrue();
  }

  @Test
  void theFeaturesOfACoreAreAcyclic() {
    slices().matching("dev.mayfly.core.(*)..").should().beFreeOfCycles().check(PRODUCTION);
    slices().matching("dev.mayfly.worker.core.(*)..").should().beFreeOfCycles().check(PRODUCTION);
  }

  @Test
  void aDeciderReadsNoClock() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.mayfly.core..", "dev.mayfly.worker.core..")
        .and()
        .haveNameMatching(FurtherRules.DECIDERS)
        .should()
        .callMethod(Instant.class, "now")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(Clock.class)
        .check(PRODUCTION);
  }
}
