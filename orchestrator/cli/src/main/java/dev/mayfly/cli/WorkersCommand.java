package dev.mayfly.cli;

import dev.mayfly.api.rest.ShapeView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.FleetJson;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists workers. */
@Command(
    name = "workers",
    description = "List the workers and what they hold.",
    sortOptions = false)
final class WorkersCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--json", description = "print a JSON array of workers")
  boolean json;

  WorkersCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    List<WorkerView> workers = new Connection(surroundings).client().workers();
    surroundings
        .output()
        .print(
            json ? JsonLists.of(workers, FleetJson::of) : Tables.of(rows(workers, Instant.now())));
    return ExitCode.OK.code();
  }

  private static List<List<String>> rows(List<WorkerView> workers, Instant now) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "NAME",
            "STATE",
            "DUTY",
            "POOL",
            "CPUS",
            "MEMORY MIB",
            "SCRATCH MIB",
            "VMM",
            "IMAGES",
            "SEEN",
            "LABELS"));
    for (WorkerView worker : workers) {
      rows.add(
          List.of(
              worker.name(),
              worker.state().toLowerCase(Locale.ROOT),
              WorkerCommand.duty(worker),
              worker.pool(),
              use(worker, ShapeView::cpus),
              use(worker, ShapeView::memoryMib),
              use(worker, ShapeView::scratchMib),
              vmms(worker),
              Integer.toString(worker.bundleDigests().size()),
              Tables.ago(worker.lastSeenAt(), now),
              worker.labels().isEmpty() ? "-" : String.join(",", worker.labels())));
    }
    return rows;
  }

  private static String use(WorkerView worker, ToIntFunction<ShapeView> part) {
    return part.applyAsInt(worker.used()) + "/" + part.applyAsInt(worker.capacity());
  }

  private static String vmms(WorkerView worker) {
    List<String> usable = new ArrayList<>();
    for (WorkerView.VmmView vmm : worker.vmms()) {
      if (vmm.usable()) {
        usable.add(vmm.name() + " " + vmm.version() + " " + vmm.accelerator());
      }
    }
    return usable.isEmpty() ? "none usable" : String.join(", ", usable);
  }
}
