package dev.mayfly.image.builder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipeAdditionsTest {
  private static final String RECIPE =
      """
      name: example
      architecture: x86_64
      suite: bookworm
      component: main
      variant: apt
      packages: bash
      directory: /tmp /srv
      link: /usr/bin/python /usr/bin/python3
      write: /etc/motd one
      write: /etc/motd
      write: /etc/motd two
      write: /usr/local/bin/go #!/bin/sh
      epoch: 1704067200
      environment: PATH=/bin
      user:
      working-directory: /workspace
      """;

  @TempDir Path directory;

  @Test
  void allOfThemBelongToRootAndHaveTheRecipesTime() throws Exception {
    Path archive = directory.resolve("additions.tar");
    new RecipeAdditions(RecipeParser.parse("test", RECIPE.getBytes(UTF_8)))
        .write(archive, Optional.empty());

    List<String> entries = new ArrayList<>();
    try (TarArchiveInputStream tar = new TarArchiveInputStream(Files.newInputStream(archive))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        assertThat(entry.getLongUserId()).isZero();
        assertThat(entry.getLongGroupId()).isZero();
        assertThat(entry.getLastModifiedTime().toMillis()).isEqualTo(1_704_067_200_000L);
        String content =
            entry.isSymbolicLink()
                ? entry.getLinkName()
                : new String(tar.readAllBytes(), UTF_8).replace("\n", "|");
        entries.add("%s %o %s".formatted(entry.getName(), entry.getMode() & 07777, content));
      }
    }
    assertThat(entries)
        .containsExactly(
            "./tmp/ 1777 ",
            "./srv/ 755 ",
            "./usr/bin/python 777 /usr/bin/python3",
            "./etc/motd 644 one||two|",
            "./usr/local/bin/go 755 #!/bin/sh|");
  }
}
