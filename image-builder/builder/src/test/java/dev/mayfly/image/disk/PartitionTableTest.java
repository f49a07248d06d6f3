package dev.mayfly.image.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.disk.Partition.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartitionTableTest {
  private static final int MEBIBYTE = 1 << 20;

  @TempDir Path directory;

  private Path fileSystem(String name, int mebibytes, int offset, String magic) throws IOException {
    byte[] bytes = new byte[mebibytes * MEBIBYTE];
    byte[] text = magic.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(text, 0, bytes, offset, text.length);
    return Files.write(directory.resolve(name), bytes);
  }

  private Path ext(String name, int mebibytes) throws IOException {
    return fileSystem(name, mebibytes, 1_080, "S\u00ef");
  }

  @Test
  void partitionsOfBothTablesAreFoundWithWhatIsInThem() throws Exception {
    List<Path> all =
        List.of(
            ext("a", 3),
            fileSystem("swap", 1, 4_086, "SWAPSPACE2"),
            ext("b", 5),
            fileSystem("lvm", 1, 512, "LABELONE"));
    List<Kind> kinds = List.of(Kind.EXT, Kind.SWAP, Kind.EXT, Kind.LVM);

    List<Partition> gpt = PartitionTable.read(SampleDisk.gpt(directory.resolve("g"), all));
    List<Partition> mbr = PartitionTable.read(SampleDisk.mbr(directory.resolve("m"), all));

    assertThat(gpt).extracting(Partition::kind).isEqualTo(kinds);
    assertThat(gpt).extracting(Partition::number).containsExactly(1, 2, 3, 4);
    assertThat(mbr).extracting(Partition::kind).isEqualTo(kinds);
    assertThat(mbr).extracting(Partition::number).containsExactly(1, 5, 6, 7);
    assertThat(PartitionTable.roots(mbr))
        .extracting(Partition::length)
        .containsExactly(5L * MEBIBYTE, 3L * MEBIBYTE);
  }

  @Test
  void aDiskWithoutATableIsOnePartition() throws Exception {
    assertThat(PartitionTable.read(ext("a", 1)))
        .containsExactly(new Partition(0, 0, MEBIBYTE, Kind.EXT));
  }

  @Test
  void whatIsThereInsteadOfARootIsNamed() throws Exception {
    for (List<String> other :
        List.of(
            List.of("0", "LUKS\u00ba\u00be", "LUKS"),
            List.of("0", "XFSB", "xfs"),
            List.of("65600", "_BHRfS_M", "btrfs"),
            List.of("512", "LABELONE", "LVM"))) {
      Path disk = fileSystem("disk", 1, Integer.parseInt(other.get(0)), other.get(1));
      List<Partition> all = PartitionTable.read(disk);
      assertThatThrownBy(() -> PartitionTable.roots(all))
          .isInstanceOf(DiskRefusedException.class)
          .hasMessageContaining("the whole disk: " + other.get(2))
          .hasMessageContaining("; ");
    }
  }

  @Test
  void tablesThatPointOutsideOrInCirclesAreRefused() throws Exception {
    Path disk = SampleDisk.mbr(directory.resolve("m"), List.of(ext("a", 1), ext("b", 1)));
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(disk)).order(ByteOrder.LITTLE_ENDIAN);
    int table = bytes.getInt(470) * 512;
    // The next table is this one again.
    bytes.put(table + 462 + 4, (byte) 5).putInt(table + 462 + 8, 0);
    Files.write(disk, bytes.array());
    assertThatThrownBy(() -> PartitionTable.read(disk))
        .hasMessageContaining("more than 128 partitions");
    bytes.putInt(446 + 12, Integer.MAX_VALUE);
    Files.write(disk, bytes.array());
    assertThatThrownBy(() -> PartitionTable.read(disk)).hasMessageContaining("does not lie on it");
  }

  @Test
  void noDamageMakesAnythingButARefusal() throws Exception {
    Path good = SampleDisk.gpt(directory.resolve("g"), List.of(ext("a", 1)));
    byte[] bytes = Files.readAllBytes(good);
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      byte[] damaged = bytes.clone();
      for (int i = 0; i < 4; i++) {
        int at = random.nextBoolean() ? 512 + random.nextInt(96) : 1_024 + random.nextInt(64);
        damaged[at] = (byte) random.nextInt(256);
      }
      Path disk = Files.write(directory.resolve("damaged"), damaged);
      try {
        for (Partition partition : PartitionTable.read(disk)) {
          assertThat(partition.offset() + partition.length()).isBetween(1L, (long) bytes.length);
        }
      } catch (DiskRefusedException e) {
        assertThat(e).hasMessageStartingWith("the disk is damaged: ");
      }
    }
  }
}
