package dev.mayfly.core.job;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.core.fleet.Duty;
import dev.mayfly.core.fleet.WorkerEvent;
import dev.mayfly.core.fleet.WorkerMachine;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.image.ImageBuild;
import dev.mayfly.core.image.ImageBuildEvent;
import dev.mayfly.core.image.ImageBuildState;
import dev.mayfly.core.image.ImageBuildTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The tables people read are the machines that run. */
class StateTablesTest {
  private static final Path PAGE = Path.of("../../ops/docs/states.md");

  static Stream<Arguments> tables() {
    return Stream.of(
        Arguments.of("job-batch", JobTables.jobTable(JobTables.batches())),
        Arguments.of("job-session", JobTables.jobTable(JobTables.sessions())),
        Arguments.of("attempt", JobTables.attemptTable()),
        Arguments.of("image-build", ImageBuildTable.table()),
        Arguments.of("worker-state", workerStates()),
        Arguments.of("worker-duty", workerDuties()));
  }

  @Test
  void theImageBuildTableKnowsEveryStateAndEveryKindOfEvent() {
    everyKind(
        ImageBuildState.class, ImageBuildTable.states().values().stream().map(ImageBuild::state));
    everyKind(ImageBuildEvent.class, ImageBuildTable.events().values().stream());
  }

  private static StateTable workerStates() {
    LinkedHashMap<String, WorkerState> states = new LinkedHashMap<>();
    Stream.of(WorkerState.values()).forEach(state -> states.put(state.name(), state));
    LinkedHashMap<String, WorkerEvent.Presence> events = new LinkedHashMap<>();
    Stream.of(
            new WorkerEvent.Presence.Registered(),
            new WorkerEvent.Presence.Heartbeat(),
            new WorkerEvent.Presence.Disconnected(),
            new WorkerEvent.Presence.SilenceNoticed(),
            new WorkerEvent.Presence.LeasesOver(),
            new WorkerEvent.Presence.Left())
        .forEach(event -> events.put(event.getClass().getSimpleName(), event));
    return StateTable.of(
        states, events, (state, event) -> changed(state, WorkerMachine.apply(state, event)));
  }

  private static StateTable workerDuties() {
    LinkedHashMap<String, Duty> duties = new LinkedHashMap<>();
    Stream.of(new Duty.Accepting(), new Duty.Draining(NOON), new Duty.Quarantined("first", NOON))
        .forEach(duty -> duties.put(duty.getClass().getSimpleName(), duty));
    LinkedHashMap<String, WorkerEvent.Order> events = new LinkedHashMap<>();
    Stream.of(
            new WorkerEvent.Order.Drain(NOON.plusSeconds(1)),
            new WorkerEvent.Order.Resume(),
            new WorkerEvent.Order.Quarantine("second", NOON.plusSeconds(1)))
        .forEach(event -> events.put(event.getClass().getSimpleName(), event));
    return StateTable.of(
        duties,
        events,
        (duty, event) -> {
          Duty next = WorkerMachine.apply(duty, event);
          return next.equals(duty) ? "=" : next.getClass().getSimpleName();
        });
  }

  private static String changed(WorkerState before, WorkerState after) {
    return before == after ? "=" : after.name();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tables")
  void thePageShowsTheTableAsItIs(String name, StateTable table) throws IOException {
    String begin = "<!-- table:" + name + " -->\n";
    String end = "<!-- /table:" + name + " -->";
    String page = Files.readString(PAGE);
    assertThat(page).contains(begin).contains(end);
    int from = page.indexOf(begin) + begin.length();
    int to = page.indexOf(end);
    String made = "\n" + table.markdown() + "\n";
    if ("write".equals(System.getProperty("mayfly.golden"))) {
      page = page.substring(0, from) + made + page.substring(to);
      Files.writeString(PAGE, page);
      to = from + made.length();
    }
    assertThat(page.substring(from, to))
        .as("ops/docs/states.md, %s; after a look at the difference: -Dmayfly.golden=write", name)
        .isEqualTo(made);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tables")
  void everyStateMeetsEveryEvent(String name, StateTable table) {
    List<String> states = table.rows().stream().map(StateTable.Row::state).distinct().toList();
    List<String> events = table.rows().stream().map(StateTable.Row::event).distinct().toList();
    assertThat(table.rows())
        .as(name)
        .hasSize(states.size() * events.size())
        .doesNotHaveDuplicates()
        .allSatisfy(row -> assertThat(row.result()).isNotBlank());
  }

  @Test
  void theJobTableKnowsEveryStateAndEveryKindOfEvent() {
    everyKind(JobProgress.class, JobTables.batches().values().stream().map(Job::progress));
    everyKind(
        AttemptState.class,
        JobTables.batches().values().stream()
            .flatMap(job -> Stream.ofNullable(job.attempt()))
            .map(Attempt::state));
    Job job = Examples.job(NOON);
    everyKind(
        JobEvent.class, JobTables.jobEvents().values().stream().map(event -> event.apply(job)));
    everyKind(AttemptEvent.class, JobTables.attemptEvents().values().stream());
  }

  private static void everyKind(Class<?> sealed, Stream<?> values) {
    Set<Object> kinds = values.map(Object::getClass).collect(Collectors.toSet());
    assertThat(kinds).containsExactlyInAnyOrder((Object[]) sealed.getPermittedSubclasses());
  }

  @Test
  void theWorkerTablesKnowEveryEvent() {
    assertThat(workerStates().rows().stream().map(StateTable.Row::event).distinct())
        .hasSameSizeAs(WorkerEvent.Presence.class.getPermittedSubclasses());
    assertThat(workerDuties().rows().stream().map(StateTable.Row::event).distinct())
        .hasSameSizeAs(WorkerEvent.Order.class.getPermittedSubclasses());
    assertThat(workerDuties().rows().stream().map(StateTable.Row::state).distinct())
        .hasSameSizeAs(Duty.class.getPermittedSubclasses());
  }
}
