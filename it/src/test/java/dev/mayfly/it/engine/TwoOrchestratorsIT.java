package dev.mayfly.it.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Shape;
import dev.mayfly.it.chaos.Rehearsal;
import dev.mayfly.it.fleet.Deployment;
import dev.mayfly.it.fleet.DirectoryTree;
import dev.mayfly.it.fleet.WorkerPlan;
import dev.mayfly.it.scenario.Images;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Two orchestrators and three workers, and one of the two dies. */
class TwoOrchestratorsIT {

  @Test
  void noJobNoticesThatAnOrchestratorIsKilledInMidStream() throws Exception {
    Path images = Images.directory();
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "mayfly-it-");
    List<WorkerPlan> workers =
        Stream.of("w1", "w2", "w3")
            .map(name -> new WorkerPlan(name, true, new Shape(2, 2048, 8192)))
            .toList();
    try (Deployment deployment = Deployment.start(directory, images, 2, workers)) {
      deployment.publish(images, Images.DEBIAN);
      Rehearsal.Result result =
          Rehearsal.run(deployment, 6, () -> deployment.orchestrators().getFirst().kill());
      assertThat(result.complaints()).isEmpty();
      assertThat(result.jobs()).isGreaterThanOrEqualTo(6);
      assertThat(result.attempts()).as("no job was tried twice").isEqualTo(result.jobs());
    }
    DirectoryTree.remove(directory);
  }
}
