package dev.mayfly.cli;

import dev.mayfly.api.ProjectName;
import dev.mayfly.api.rest.ProjectChange;
import dev.mayfly.api.rest.ProjectView;
import dev.mayfly.client.FleetClient;
import dev.mayfly.client.FleetJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists projects and says what each may use. */
@Command(
    name = "project",
    description = "List the projects, or set what one may use.",
    synopsisSubcommandLabel = "COMMAND")
final class ProjectCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  ProjectCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed {
    throw new CommandFailed(
        ExitCode.USAGE, "say what to do: list or set; see mayfly project --help");
  }

  @Command(name = "list", description = "List those that are configured or have running jobs.")
  int list(
      @Mixin HelpOption wanted,
      @Option(names = "--json", description = "print a JSON array of projects") boolean json)
      throws CommandFailed, IOException, InterruptedException {
    print(fleet().projects(), json);
    return ExitCode.OK.code();
  }

  @Command(name = "set", description = "Set what a project may use; what is not named stays.")
  int set(
      @Mixin HelpOption wanted,
      @Parameters(paramLabel = "NAME", description = "name of the project") String name,
      @Option(
              names = "--weight",
              paramLabel = "N",
              description = "its share when others want it too, relative to theirs")
          @Nullable Integer weight,
      @Option(
              names = "--max-active",
              paramLabel = "N",
              converter = Cap.Reader.class,
              description = "hard cap of its running jobs, or none")
          @Nullable Cap maxActive)
      throws CommandFailed, IOException, InterruptedException {
    if (weight == null && maxActive == null) {
      throw new CommandFailed(ExitCode.USAGE, "name what to set: --weight or --max-active");
    }
    ProjectName project = name(name);
    FleetClient fleet = fleet();
    ProjectView before = fleet.project(project);
    ProjectView after =
        fleet.change(
            project,
            new ProjectChange(
                weight == null ? Integer.valueOf(before.weight()) : weight,
                maxActive == null ? before.maxActiveJobs() : maxActive.value()));
    print(List.of(after), false);
    return ExitCode.OK.code();
  }

  private FleetClient fleet() throws CommandFailed {
    return new Connection(surroundings).client().fleet();
  }

  private static ProjectName name(String text) throws CommandFailed {
    try {
      return new ProjectName(text);
    } catch (IllegalArgumentException wrong) {
      throw new CommandFailed(ExitCode.USAGE, "the name of a project " + wrong.getMessage());
    }
  }

  private void print(List<ProjectView> projects, boolean json) throws OutputClosed {
    surroundings.output().print(json ? JsonLists.of(projects, FleetJson::of) : table(projects));
  }

  private static String table(List<ProjectView> projects) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NAME", "WEIGHT", "RUNNING", "CPUS", "MEMORY MIB"));
    for (ProjectView project : projects) {
      rows.add(
          List.of(
              project.name(),
              Integer.toString(project.weight()),
              Cap.use(project.activeJobs(), project.maxActiveJobs()),
              Integer.toString(project.reserved().cpus()),
              Integer.toString(project.reserved().memoryMib())));
    }
    return Tables.of(rows);
  }
}
