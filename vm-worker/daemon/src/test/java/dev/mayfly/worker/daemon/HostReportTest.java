package dev.mayfly.worker.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.worker.daemon.link.VmmFact;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostReportTest {
  private static final HostReport REPORT =
      new HostReport(
          "6.1.0",
          "x86_64",
          "tcg",
          List.of(
              new VmmFact("qemu", "7.2.22", "kvm", false, "a guest did not answer in \"5\" s"),
              new VmmFact("qemu", "7.2.22", "tcg", true, "the binary answers")),
          4096,
          20000,
          List.of("debian:12 sha256:ab"),
          List.of("signatures are not asked for"),
          List.of("mkfs.ext4 is not installed: install e2fsprogs"));

  @Test
  void peopleReadLines() {
    assertThat(REPORT.lines())
        .containsExactly(
            "host        kernel 6.1.0, x86_64",
            "vmm         qemu 7.2.22 with kvm: does not work (a guest did not answer in \"5\" s)",
            "vmm         qemu 7.2.22 with tcg: works (the binary answers)",
            "accelerator tcg",
            "memory      4096 MiB available",
            "disk        20000 MiB free",
            "image       debian:12 sha256:ab",
            "images      signatures are not asked for",
            "MISSING     mkfs.ext4 is not installed: install e2fsprogs");
  }

  @Test
  void programsReadOneJsonObject() {
    assertThat(REPORT.json())
        .isEqualTo(
            "{\"hostKernel\":\"6.1.0\",\"architecture\":\"x86_64\",\"accelerator\":\"tcg\",\"vmms\":["
                + "{\"name\":\"qemu\",\"version\":\"7.2.22\",\"accelerator\":\"kvm\",\"usable\":false,"
                + "\"reason\":\"a guest did not answer in \\\"5\\\" s\"},"
                + "{\"name\":\"qemu\",\"version\":\"7.2.22\",\"accelerator\":\"tcg\",\"usable\":true,"
                + "\"reason\":\"the binary answers\"}],\"freeMemoryMib\":4096,\"freeDiskMib\":20000,"
                + "\"bundles\":[\"debian:12 sha256:ab\"],"
                + "\"images\":[\"signatures are not asked for\"],"
                + "\"missing\":[\"mkfs.ext4 is not installed: install e2fsprogs\"]}");
  }
}
