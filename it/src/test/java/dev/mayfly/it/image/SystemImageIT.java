package dev.mayfly.it.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.api.Shape;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.it.fleet.Deployment.Finished;
import dev.mayfly.it.fleet.WorkerPlan;
import dev.mayfly.it.scenario.Images;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Jobs in systems nobody made for us: an initramfs with its kernel, a disk, a tarball. */
class SystemImageIT {
  private static ImageFleet fleet;
  private static Path tree;

  @BeforeAll
  static void start() throws Exception {
    fleet = ImageFleet.prepare();
    tree = Files.createDirectories(fleet.directory().resolve("tree"));
    for (String name : List.of("bin", "etc", "dev", "proc", "sys", "tmp", "usr")) {
      Files.createDirectory(tree.resolve(name));
    }
    Files.copy(SavedImages.BUSYBOX, tree.resolve("bin/busybox"));
    for (String name : List.of("sh", "cat", "uname", "ls", "id", "df")) {
      Files.createSymbolicLink(tree.resolve("bin/" + name), Path.of("busybox"));
    }
    Files.writeString(tree.resolve("etc/motd"), "made elsewhere\n");
    ImageFleet.run("chmod", "4755", tree.resolve("bin/busybox").toString());
    fleet.start(Map.of(), List.of(new WorkerPlan("real", false, new Shape(1, 1024, 4096))));
  }

  @AfterAll
  static void stop() throws Exception {
    if (fleet != null) {
      fleet.close();
    }
  }

  private static String job(String image, String source, String script) throws Exception {
    fleet.build("build", image, "--from", source);
    fleet.publish(image);
    Finished job =
        fleet.mayfly(
            "run",
            "--image",
            image,
            "--max-attempts",
            "1",
            "--queue-timeout",
            "60s",
            "--",
            "/bin/sh",
            "-c",
            script);
    assertThat(job.code()).as(job + fleet.logs()).isZero();
    return job.stdout();
  }

  @Test
  void aSystemInItsInitramfsRunsJobsByTheAgentThatWasAddedToIt() throws Exception {
    BootBundle debian = BundleStore.open(fleet.images()).find(Images.DEBIAN).orElseThrow();
    Path system = fleet.directory().resolve("system");
    ImageFleet.run("cp", "--archive", tree.toString(), system.toString());
    Path init = system.resolve("init");
    Files.writeString(init, "#!/bin/sh\necho must not be started\n/bin/busybox poweroff -f\n");
    ImageFleet.run("chmod", "755", init.toString());
    // The kernel of debian:12 speaks through modules, as many do; the system brings them along.
    try (Stream<Path> kernels = Files.list(fleet.images().resolve("kernels"))) {
      Path modules =
          kernels.map(kernel -> kernel.resolve("lib")).filter(Files::isDirectory).findFirst().get();
      ImageFleet.run("cp", "--archive", modules.toString(), system.toString());
    }
    Path initramfs = fleet.directory().resolve("system.cpio.gz");
    ImageFleet.run(
        "sh",
        "-c",
        "cd '" + system + "' && find . | /bin/busybox cpio -o -H newc | gzip >'" + initramfs + "'");

    String out =
        job(
            "system:1",
            "system:" + debian.kernel() + "," + initramfs,
            "cat /etc/motd; uname -r; ls -d /mayfly/init /init; echo >/tmp/written && ls /tmp");

    assertThat(out.lines())
        .containsExactly(
            "made elsewhere",
            debian.manifest().kernel().release(),
            "/init",
            "/mayfly/init",
            "written");
  }

  @Test
  void aSystemFromADiskRunsJobsOnItsOwnFileSystem() throws Exception {
    Path raw = fleet.directory().resolve("disk.raw");
    Path disk = fleet.directory().resolve("disk.qcow2");
    ImageFleet.run("mke2fs", "-q", "-t", "ext4", "-d", tree.toString(), raw.toString(), "64M");
    ImageFleet.run(
        "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw.toString(), disk.toString());

    String out =
        job(
            "disk:1",
            "disk:" + disk,
            "cat /etc/motd; while read -r d m t rest; do case $m:$t in /:*) echo $t;; esac;"
                + " done </proc/mounts; echo changed >/etc/motd && cat /etc/motd");

    assertThat(out.lines()).startsWith("made elsewhere").endsWith("changed").contains("overlay");
  }

  @Test
  void aTarballRunsJobsWithItsOwnersAndBits() throws Exception {
    Path tar = fleet.directory().resolve("tree.tar.gz");
    ImageFleet.run(
        "tar", "-czf", tar.toString(), "--owner=0", "--group=7", "-C", tree.toString(), ".");

    String out = job("tar:1", "tar:" + tar, "cat /etc/motd; ls -ln /bin/busybox");

    assertThat(out).startsWith("made elsewhere\n").contains("-rwsr-xr-x").contains(" 0        7 ");
  }
}
