package dev.mayfly.image.builder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.image.bundle.BootBundle;
import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.SampleBundles;
import dev.mayfly.image.bundle.TrustedKeys;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SigningCommandsTest {
  @TempDir Path home;
  private final StringWriter printed = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Main.commandLine(new Main(Map.of()));
    for (Map.Entry<String, Object> command :
        Map.of("key", new SigningCommands.Key(), "sign", new SigningCommands.Sign()).entrySet()) {
      if (!line.getSubcommands().containsKey(command.getKey())) {
        line.addSubcommand(command.getValue());
      }
    }
    PrintWriter writer = new PrintWriter(printed);
    return line.setOut(writer).setErr(writer).execute(arguments);
  }

  @Test
  void anImageIsSignedByAKeyThatWasMade() throws Exception {
    BundleStore store = BundleStore.open(home.resolve("images"));
    BootBundle bundle = SampleBundles.publish(store, home.resolve("work"), "debian:12", "one");
    Path key = home.resolve("key.pem");

    assertThat(run("key", "new", key.toString())).isZero();
    assertThat(run("sign", "debian:12", "--key", key.toString(), "--home", home.toString()))
        .isZero();

    Path keys = Files.createDirectory(home.resolve("keys"));
    Files.copy(home.resolve("key.pem.pub"), keys.resolve("key.pub"));
    TrustedKeys trusted = TrustedKeys.read(keys);
    assertThat(trusted.signer(bundle.manifest().toBytes(), store.signatures(bundle.digest())))
        .isPresent();
    assertThat(printed.toString()).contains(trusted.ids().first());
  }

  @Test
  void whatCannotBeSignedIsSaid() throws Exception {
    Path key = home.resolve("key.pem");
    run("key", "new", key.toString());

    assertThat(run("key", "new", key.toString())).isEqualTo(1);
    assertThat(run("sign", "none", "--key", key.toString(), "--home", home.toString()))
        .isEqualTo(1);
    assertThat(run("sign", "none", "--home", home.toString())).isEqualTo(2);
    assertThat(printed.toString()).contains("never overwritten", "there is no image none");
  }
}
