package dev.mayfly.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mayfly.it.scenario.MayflySystem.Finished;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The conformance list in a real microVM with the distribution's kernel. */
class ImageCheckIT {
  private static final Duration SOON = Duration.ofSeconds(120);

  /** A guest in use has some 50 MiB; one whose initramfs stayed twice would have more. */
  private static final int MAX_MEMORY_MIB = 64;

  private static final Pattern LINE = Pattern.compile("([a-z-]+) +(pass|fail|skip|info) *(.*)");
  private static MayflySystem system;

  @BeforeAll
  static void start() throws Exception {
    system = MayflySystem.start();
  }

  @AfterAll
  static void stop() throws Exception {
    system.close();
  }

  @Test
  void theDefaultImageHasAllThatJobsNeedAndLeavesNothingBehind() throws Exception {
    Finished check = system.mayfly("image", "check", Images.DEBIAN);

    assertThat(check.code()).as(check + "\n" + check.text()).isZero();
    List<String> lines = check.text().lines().toList();
    assertThat(lines)
        .as(check.text())
        .noneMatch(line -> line.contains(" fail "))
        .anyMatch(line -> line.matches("nft-masquerade +pass"))
        .anyMatch(line -> line.matches("loop +pass"))
        .anyMatch(line -> line.matches("tun +pass"))
        .anyMatch(line -> line.matches("fuse +pass"));
    assertThat(lines.getLast()).matches("debian:12: 3[0-9] passed, 0 failed, [0-3] skipped");
    Matcher memory = LINE.matcher(lines.get(1));
    assertThat(memory.matches()).as(lines.get(1)).isTrue();
    assertThat(memory.group(1)).isEqualTo("memory-used-mib");
    assertThat(Integer.parseInt(memory.group(3))).isBetween(10, MAX_MEMORY_MIB);
    await()
        .atMost(SOON)
        .untilAsserted(() -> {
          assertThat(system.strayProcesses()).isEmpty();
          assertThat(system.microVmDirectories()).isEmpty();
        });
  }

  @Test
  void anImageNobodyHasIsRefused() throws Exception {
    Finished check = system.mayfly("image", "check", "registry.example/absent:1");

    assertThat(check.code()).as(check.toString()).isEqualTo(120);
    assertThat(check.stderr()).contains("registry.example/absent:1");
  }
}
