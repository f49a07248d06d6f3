package dev.mayfly.it.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.core.job.StateTable;
import dev.mayfly.worker.core.vm.MicroVmMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The table of a microVM's life in {@code ops/docs/states.md} is the machine that runs. */
class MicroVmStatesTest {
  private static final Path PAGE = Path.of("..", "ops", "docs", "states.md");
  private static final String BEGIN = "<!-- table:microvm -->\n";
  private static final String END = "<!-- /table:microvm -->";

  @Test
  void thePageShowsTheTableAsItIs() throws IOException {
    StateTable table =
        new StateTable(
            MicroVmMachine.table().stream()
                .map(row ->
                    new StateTable.Row(
                        row.from().name(),
                        row.event().name(),
                        row.to().map(Enum::name).orElse("–")))
                .toList());
    String page = Files.readString(PAGE);
    assertThat(page).contains(BEGIN).contains(END);
    int from = page.indexOf(BEGIN) + BEGIN.length();
    int to = page.indexOf(END);
    String made = "\n" + table.markdown() + "\n";
    if ("write".equals(System.getProperty("mayfly.golden"))) {
      page = page.substring(0, from) + made + page.substring(to);
      Files.writeString(PAGE, page);
      to = from + made.length();
    }
    assertThat(page.substring(from, to))
        .as("ops/docs/states.md; after a look at the difference: -Dmayfly.golden=write")
        .isEqualTo(made);
  }
}
