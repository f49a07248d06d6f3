package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleManifest.Guest;
import dev.mayfly.image.bundle.BundleVerifier;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.disk.SampleDisk;
import dev.mayfly.image.tree.LayerFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds of tarballs, disks and whole systems, with the real programs. */
class LocalSourcesIT {
  @TempDir Path directory;
  private final Commands commands = new Commands(System.getenv());
  private Path images;

  @BeforeEach
  void needsPrograms() throws IOException {
    for (Tool tool : List.of(Tool.MKFS_EROFS, Tool.QEMU_IMG, Tool.RESIZE2FS)) {
      assumeTrue(tool.isPresent(commands.path()), tool.program() + " is not installed");
    }
    images = Files.createDirectories(directory.resolve("images"));
  }

  private BootBundle build(BuildSource source) throws Exception {
    BootBundle bundle = SampleBuild.of(images, source, Progress.silent());
    new BundleVerifier().verify(bundle);
    assertThat(images.resolve("work")).doesNotExist();
    return bundle;
  }

  private void assertRefused(BuildSource source, String... parts) {
    assertThatThrownBy(() -> SampleBuild.of(images, source, Progress.silent()))
        .isInstanceOfSatisfying(
            BuildException.class, e -> assertThat(e.blame()).isEqualTo(Blame.USER))
        .hasMessageContainingAll(parts)
        .hasMessageContaining("; ");
    assertThat(images.resolve("work")).doesNotExist();
    assertThat(images.resolve("bundles")).isEmptyDirectory();
  }

  private static BuildSource tar(Path file) {
    return new TarSource(file, InputStream.nullInputStream());
  }

  @Test
  void aTarballIsAnImageWhetherItIsAFileOrStandardInput() throws Exception {
    byte[] tar =
        new LayerFile()
            .file("var/lib/dpkg/status", "Package: x\nStatus: install ok installed\nVersion: 1\n")
            .file("bin/x", "x".repeat(9_000))
            .bytes();
    Path file = Files.write(directory.resolve("system.tar"), tar);

    BootBundle first = build(tar(file));
    BootBundle again = build(tar(file));
    BootBundle piped =
        build(new TarSource(TarSource.STANDARD_INPUT, new ByteArrayInputStream(tar)));

    assertThat(again.digest()).isEqualTo(first.digest());
    assertThat(first.manifest().provenance().source().reference()).isEqualTo("system.tar");
    assertThat(first.manifest().provenance().source().digest()).isEqualTo(Sha256.of(tar));
    assertThat(first.manifest().sbom()).isPresent();
    assertThat(piped.manifest().provenance().source().digest()).isEqualTo(Sha256.of(tar));
    assertThat(piped.manifest().rootfs()).isEqualTo(first.manifest().rootfs());
  }

  @Test
  void aHostileOrMissingTarballIsRefusedAndNothingIsLeft() throws Exception {
    Path hostile =
        Files.write(
            directory.resolve("hostile.tar"),
            new LayerFile().file("../../etc/cron.d/x", "").bytes());
    assertRefused(tar(hostile), "hostile.tar", "leads out");
    assertRefused(
        tar(Files.writeString(directory.resolve("junk"), "x".repeat(2_000))), "no tar archive");
    assertRefused(tar(directory.resolve("none.tar")), "there is no readable file");
  }

  @Test
  void aMillionEntriesAreRefusedWithinTheMemoryOfASmallMachine() throws Exception {
    Path many = directory.resolve("many.tar.gz");
    byte[] header = new byte[512];
    try (var out = new java.util.zip.GZIPOutputStream(Files.newOutputStream(many), 1 << 16)) {
      for (int entry = 0; entry < 1_000_000; entry++) {
        byte[] block = new LayerFile().header("f" + entry, '0', "", 0).bytes();
        System.arraycopy(block, 0, header, 0, 512);
        out.write(header);
      }
      out.write(new byte[1_024]);
    }
    assertRefused(tar(many), "many.tar.gz", "more than 500000 entries");
  }

  @Test
  void aSystemOnADiskBecomesItsRootFileSystemAlwaysWithTheSameBytes() throws Exception {
    Path root = fileSystem("root", 40, "etc/hostname", "usr/bin/tool");
    Path data = fileSystem("data", 60, "srv/data");
    Path raw = SampleDisk.gpt(directory.resolve("disk.raw"), List.of(data, root));
    Path qcow = directory.resolve("disk.qcow2");
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw.toString(), qcow.toString());

    BootBundle first = build(new DiskSource(qcow));
    Files.move(images, directory.resolve("before"));
    Files.createDirectories(images);
    Thread.sleep(1_100); // The clock's second must not show.
    BootBundle again = build(new DiskSource(qcow));
    BootBundle mbr =
        build(new DiskSource(SampleDisk.mbr(directory.resolve("mbr.raw"), List.of(data, root))));
    BootBundle bare = build(new DiskSource(root));

    assertThat(again.digest()).isEqualTo(first.digest());
    assertThat(mbr.manifest().rootfs()).isEqualTo(first.manifest().rootfs());
    assertThat(bare.manifest().rootfs()).isEqualTo(first.manifest().rootfs());
    assertThat(first.manifest().rootfs().orElseThrow().fileSystem()).isEqualTo("ext4");
    Path image = again.rootfs().orElseThrow();
    assertThat(Files.size(image)).isBetween(100_000L, 8L << 20);
    assertThat(debugfs("cat /usr/bin/tool", image)).isEqualTo("usr/bin/tool of root\n");
    run("e2fsck", "-f", "-n", image.toString());
  }

  @Test
  void disksThatNameOtherFilesOrHoldNoSystemAreRefused() throws Exception {
    Path base = Files.write(directory.resolve("base.raw"), new byte[1 << 20]);
    Path overlay = directory.resolve("overlay.qcow2");
    run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        base.toString(),
        "-F",
        "raw",
        overlay.toString());
    assertRefused(new DiskSource(overlay), "overlay.qcow2", "backing file");
    Path split = directory.resolve("split.qcow2");
    run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-o",
        "data_file=" + directory.resolve("split.data"),
        split.toString(),
        "1M");
    assertRefused(new DiskSource(split), "its data in another file");
    Path vmdk = directory.resolve("disk.vmdk");
    run("qemu-img", "create", "-q", "-f", "vmdk", vmdk.toString(), "1M");
    assertRefused(new DiskSource(vmdk), "VMDK");
    assertRefused(new DiskSource(base), "no ext4 file system", "unknown, 1 MiB");
    Path swap = Files.copy(base, directory.resolve("swap.raw"));
    run("mkswap", swap.toString());
    assertRefused(new DiskSource(swap), "swap", "LVM, encryption, xfs and btrfs are not taken");
    Path data = fileSystem("data", 20, "srv/data");
    assertRefused(new DiskSource(data), "has /etc and /usr or /bin");
    Path cut = SampleDisk.gpt(directory.resolve("cut.raw"), List.of(data));
    try (var channel =
        java.nio.channels.FileChannel.open(cut, java.nio.file.StandardOpenOption.WRITE)) {
      channel.truncate(5 << 20);
    }
    assertRefused(new DiskSource(cut), "does not lie on it");
  }

  @Test
  void aSystemWithItsOwnKernelGetsTheAgentInASecondArchive() throws Exception {
    Path kernel =
        Files.write(
            directory.resolve("vmlinuz"),
            SampleElf.kernel(true, "Linux version 6.6.8-tinycore64 (tc@box)"));
    byte[] virtio = SampleElf.module("name=virtio_console", "depends=virtio");
    Path initramfs =
        Files.write(
            directory.resolve("core.gz"),
            StoredGzip.wrap(
                new CpioArchive()
                    .file("init", 0755, "#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII))
                    .file("lib/modules/6.6.8-tinycore64/kernel/virtio_console.ko", 0644, virtio)
                    .file(
                        "lib/modules/6.6.8-tinycore64/kernel/virtio.ko",
                        0644,
                        SampleElf.module("name=virtio", "depends="))
                    .finish()));

    BootBundle bundle = build(new InitramfsSource(kernel, initramfs));
    BootBundle again = build(new InitramfsSource(kernel, initramfs));

    assertThat(again.digest()).isEqualTo(bundle.digest());
    assertThat(bundle.manifest().guest()).isEqualTo(Guest.AGENT);
    assertThat(bundle.manifest().rootfs()).isEmpty();
    assertThat(bundle.manifest().kernel().arguments()).isEqualTo("rdinit=/mayfly/init");
    assertThat(bundle.manifest().kernel().release()).isEqualTo("6.6.8-tinycore64");
    assertThat(bundle.manifest().kernel().flavour()).isEqualTo("own");
    byte[] archive = Files.readAllBytes(bundle.initramfs().orElseThrow());
    assertThat(archive).startsWith(Files.readAllBytes(initramfs));
    // Both archives are stored, so their bytes can be looked for.
    assertThat(new String(archive, StandardCharsets.ISO_8859_1))
        .contains("mayfly/init")
        .contains(
            "/mayfly/lib/modules/6.6.8-tinycore64/kernel/virtio.ko\n"
                + "/mayfly/lib/modules/6.6.8-tinycore64/kernel/virtio_console.ko\n");
  }

  @Test
  void aConsoleSystemIsTakenAsItIs() throws Exception {
    Path kernel = Files.write(directory.resolve("os.elf"), SampleElf.kernel(true, "OSv"));
    Path disk = Files.write(directory.resolve("disk.raw"), new byte[1 << 20]);

    BootBundle bundle = build(new ConsoleSource(kernel, Optional.empty(), Optional.of(disk)));

    assertThat(bundle.manifest().guest()).isEqualTo(Guest.CONSOLE);
    assertThat(bundle.manifest().initramfs()).isEmpty();
    assertThat(bundle.manifest().kernel().release()).isEqualTo("unknown");
    assertThat(bundle.manifest().kernel().needsAcpi()).isFalse();
    assertThat(bundle.rootfs().orElseThrow()).hasSameBinaryContentAs(disk);
  }

  @Test
  void kernelsAndInitramfsesThatAreNoneAreRefused() throws Exception {
    Path junk = Files.writeString(directory.resolve("junk"), "x".repeat(5_000));
    Path elf = Files.write(directory.resolve("old.elf"), SampleElf.kernel(false, "x"));
    Path kernel = Files.write(directory.resolve("kernel"), SampleElf.kernel(true, "x"));
    assertRefused(new ConsoleSource(junk, Optional.empty(), Optional.empty()), "junk", "bzImage");
    assertRefused(new ConsoleSource(elf, Optional.empty(), Optional.empty()), "no PVH entry");
    assertRefused(new InitramfsSource(kernel, junk), "initramfs junk", "no cpio archive");
    Path cut = Files.writeString(directory.resolve("cut"), "070701" + "0".repeat(50));
    assertRefused(new InitramfsSource(kernel, cut), "initramfs cut", "cut off");
    assertRefused(
        new InitramfsSource(kernel, directory.resolve("none")), "there is no readable file");
  }

  private Path fileSystem(String name, int mebibytes, String... files) throws Exception {
    Path tree = Files.createDirectories(directory.resolve(name + ".d"));
    for (String file : files) {
      Path target = tree.resolve(file);
      Files.createDirectories(target.getParent());
      Files.writeString(target, file + " of " + name + "\n");
    }
    Path image = directory.resolve(name + ".ext4");
    run("mke2fs", "-q", "-t", "ext4", "-d", tree.toString(), image.toString(), mebibytes + "M");
    return image;
  }

  private String debugfs(String request, Path image) throws Exception {
    StringBuilder out = new StringBuilder();
    commands.mustRun(
        new Command(List.of("debugfs", "-R", request, image.toString()), Map.of(), ""),
        in -> out.append(new String(in.readAllBytes(), StandardCharsets.UTF_8)),
        line -> {});
    return out.toString();
  }

  private void run(String... arguments) throws Exception {
    commands.mustRun(
        new Command(List.of(arguments), Map.of(), ""), in -> in.skip(Long.MAX_VALUE), line -> {});
  }
}
