package dev.mayfly.image.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class GuestAgentBinaryTest {

  private static final int MACHINE_X86_64 = 62;
  private static final int PROGRAM_HEADER_INTERPRETER = 3;

  private static byte[] program() throws IOException {
    try (var stream = GuestAgentBinary.open("x86_64")) {
      return stream.readAllBytes();
    }
  }

  @Test
  void theProgramIsAnExecutableForTheArchitecture() throws IOException {
    var header = ByteBuffer.wrap(program()).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(header.getInt(0)).isEqualTo(0x464C457F);
    assertThat(header.getShort(18)).isEqualTo((short) MACHINE_X86_64);
  }

  @Test
  void theProgramIsStatic() throws IOException {
    var elf = ByteBuffer.wrap(program()).order(ByteOrder.LITTLE_ENDIAN);
    int start = Math.toIntExact(elf.getLong(32));
    int size = elf.getShort(54);
    int count = elf.getShort(56);
    assertThat(count).isPositive();
    for (int i = 0; i < count; i++) {
      assertThat(elf.getInt(start + i * size)).isNotEqualTo(PROGRAM_HEADER_INTERPRETER);
    }
  }

  @Test
  void theProgramIsUnder100Kib() throws IOException {
    assertThat(program()).hasSizeLessThan(100 * 1024);
  }

  @Test
  void theProgramHoldsNoPathOfTheMachineThatBuiltIt() throws IOException {
    String text = new String(program(), StandardCharsets.ISO_8859_1);
    assertThat(text).doesNotContain(Path.of("").toAbsolutePath().toString());
  }

  @Test
  void theVersionsAreThoseOfTheSource() throws IOException {
    String source = Files.readString(Path.of("src/main/c/protocol.h"));
    assertThat(source)
        .contains("#define AGENT_VERSION \"" + GuestAgentBinary.VERSION + "\"\n")
        .contains("#define PROTOCOL_VERSION " + GuestAgentBinary.PROTOCOL_VERSION + "\n");
  }

  @Test
  void anArchitectureWithoutAnAgentIsRefusedByName() {
    assertThatThrownBy(() -> GuestAgentBinary.open("riscv64"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("riscv64");
  }
}
