package dev.mayfly.worker.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.Label;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.worker.core.slot.HostCapacity;
import dev.mayfly.worker.daemon.config.WorkerConfig.Accelerator;
import dev.mayfly.worker.daemon.config.WorkerConfig.OnStop;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerConfigTest {
  private static final HostFacts FACTS = new HostFacts("Build_Host.lan", 8, 16000, 100_000);

  private static WorkerConfig read(Map<String, String> environment, Map<String, String> properties)
      throws ConfigException {
    var all = new HashMap<>(properties);
    all.putIfAbsent("user.home", "/home/u");
    return WorkerConfig.read(environment, all, home -> FACTS);
  }

  private static void assertRefused(String key, String value, String message) {
    assertThatThrownBy(() -> read(Map.of(), Map.of(key, value)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void withoutSettingsTheHostDecides() throws Exception {
    var config = read(Map.of("PATH", "/bin"), Map.of());
    assertThat(config)
        .isEqualTo(
            new WorkerConfig(
                Path.of("/home/u/.local/share/mayfly"),
                List.of(new OrchestratorAddress("127.0.0.1", 8421)),
                Path.of("/home/u/.local/share/mayfly/secrets/worker-token"),
                "build-host.lan",
                new TreeSet<>(),
                WorkerPoolName.DEFAULT,
                new HostCapacity(8, 12000, 80_000),
                Accelerator.AUTO,
                "qemu-system-x86_64",
                OnStop.DESTROY,
                new ImageConfig(
                    Path.of("/home/u/.local/share/mayfly/worker/images"),
                    Optional.of(Path.of("/home/u/.local/share/mayfly/images")),
                    20_480,
                    4,
                    Duration.ofMinutes(15),
                    Optional.empty(),
                    List.of())));
  }

  @Test
  void theDataDirectoryOfTheUserCounts() throws Exception {
    assertThat(read(Map.of("XDG_DATA_HOME", "/data"), Map.of()).home())
        .isEqualTo(Path.of("/data/mayfly"));
  }

  @Test
  void variablesAndPropertiesAreReadAndAPropertyWins() throws Exception {
    var config =
        read(
            Map.of(
                "MAYFLY_HOME", "/m",
                "MAYFLY_WORKER_CPUS", "3",
                "MAYFLY_WORKER_MEMORY_MIB", "1024",
                "MAYFLY_WORKER_TOKEN_FILE", "/run/token",
                "MAYFLY_TOKEN", "secret"),
            Map.of(
                "mayfly.worker.cpus", "2",
                "mayfly.worker.accelerator", "tcg",
                "mayfly.worker.on-stop", "keep"));
    assertThat(config.onStop()).isEqualTo(OnStop.KEEP);
    assertThat(config.home()).isEqualTo(Path.of("/m"));
    assertThat(config.capacity()).isEqualTo(new HostCapacity(2, 1024, 80_000));
    assertThat(config.tokenFile()).isEqualTo(Path.of("/run/token"));
    assertThat(config.accelerator()).isEqualTo(Accelerator.TCG);
  }

  @Test
  void labelsAndPoolSayWhatTheWorkerIsSelectedBy() throws Exception {
    var config =
        read(
            Map.of("MAYFLY_WORKER_LABELS", "zone=north, gpu,gpu", "MAYFLY_WORKER_POOL", "fast"),
            Map.of());
    assertThat(config.labels()).containsExactly(new Label("gpu"), new Label("zone=north"));
    assertThat(config.pool()).isEqualTo(new WorkerPoolName("fast"));
  }

  @Test
  void moreLabelsThanMakeSenseAreRefused() {
    var many = IntStream.rangeClosed(1, 65).mapToObj(i -> "l" + i).collect(Collectors.joining(","));
    assertRefused("mayfly.worker.labels", many, "holds 65 labels, must be at most 64");
  }

  @Test
  void settingsOfTheOtherProgramsAreNoError() throws Exception {
    for (var key : Settings.KEYS) {
      if (!key.startsWith("mayfly.worker") && !key.equals("mayfly.home")) {
        read(Map.of(Settings.variable(key), "x"), Map.of());
      }
    }
    assertThat(Settings.variable("mayfly.database.password-file"))
        .isEqualTo("MAYFLY_DATABASE_PASSWORD_FILE");
  }

  @Test
  void anUnknownKeyIsAnErrorThatNamesTheNearest() {
    assertRefused(
        "mayfly.worker.cpu",
        "1",
        "unknown setting mayfly.worker.cpu; did you mean mayfly.worker.cpus?");
    assertThatThrownBy(() -> read(Map.of("MAYFLY_WORKER_MEMORY_MB", "1"), Map.of()))
        .hasMessage(
            "unknown setting MAYFLY_WORKER_MEMORY_MB; did you mean MAYFLY_WORKER_MEMORY_MIB?");
  }

  @ParameterizedTest
  @CsvSource({
    "mayfly.worker.on-stop,leave,must be destroy or keep",
    "mayfly.worker.cpus,0,must be a whole number from 1",
    "mayfly.worker.cpus,two,must be a whole number",
    "mayfly.worker.memory-mib,127,must be a whole number from 128",
    "mayfly.worker.scratch-mib,-1,must be a whole number from 64",
    "mayfly.worker.labels,'gpu,,x','\"\", which must be 1 to 63 characters'",
    "mayfly.worker.labels,GPU,'\"GPU\", which must be 1 to 63 characters'",
    "mayfly.worker.labels,pool=fast,set mayfly.worker.pool",
    "mayfly.worker.pool,no pool,must be 1 to 63 characters",
    "mayfly.worker.accelerator,hvf,'must be auto, kvm or tcg'",
    "mayfly.worker.name,Bad Name,must be 1 to 63 characters",
    "mayfly.worker.orchestrator,127.0.0.1:0,must be host:port",
    "mayfly.worker.orchestrator,127.0.0.1:x,must be host:port",
    "mayfly.home,relative/path,must be an absolute path",
  })
  void aWrongValueIsNamedWithWhatWouldBeRight(String key, String value, String message) {
    assertRefused(key, value, message);
  }

  @Test
  void aHomeTooLongForItsSocketsIsRefused() {
    assertRefused("mayfly.home", "/" + "h".repeat(53), "54 bytes long, must be at most 53");
  }

  @Test
  void aValueWithoutEndIsRefused() {
    assertRefused("mayfly.worker.name", "n".repeat(5000), "longer than 4096");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:9000", "127.1.2.3:9000", "[::1]:9000"})
  void loopbackAddressesAreDialled(String address) throws Exception {
    assertThat(read(Map.of(), Map.of("mayfly.worker.orchestrator", address)).orchestrators())
        .extracting(OrchestratorAddress::port)
        .containsExactly(9000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1", "[::1]"})
  void thePortMayBeLeftOut(String address) throws Exception {
    assertThat(read(Map.of(), Map.of("mayfly.worker.orchestrator", address)).orchestrators())
        .extracting(OrchestratorAddress::port)
        .containsExactly(8421);
  }

  @Test
  void severalOrchestratorsAreDialledInTurn() throws Exception {
    assertThat(
            read(Map.of(), Map.of("mayfly.worker.orchestrator", "127.0.0.1:9000, [::1]:9001"))
                .orchestrators())
        .extracting(OrchestratorAddress::toString)
        .containsExactly("127.0.0.1:9000", "[::1]:9001");
  }

  @ParameterizedTest
  @ValueSource(strings = {"192.0.2.7:8421", "[2001:db8::1]:8421", "0.0.0.0:8421"})
  void theTokenIsNotSentInPlainTextToAnotherMachine(String address) {
    assertRefused("mayfly.worker.orchestrator", address, "not sent in plain text");
  }

  @Test
  void theImageCacheIsSetUpByItsOwnSettings() throws Exception {
    var images =
        read(
                Map.of(
                    "MAYFLY_HOME", "/m",
                    "MAYFLY_WORKER_IMAGES", "/cache",
                    "MAYFLY_WORKER_IMAGES_SEED", "none",
                    "MAYFLY_WORKER_IMAGES_MAX_MIB", "100",
                    "MAYFLY_WORKER_REQUIRE_SIGNED", "on",
                    "MAYFLY_WORKER_TRUSTED_KEYS", "/keys",
                    "MAYFLY_WORKER_BUILDER", "/bin/java -jar /b.jar"),
                Map.of())
            .images();
    assertThat(images.directory()).isEqualTo(Path.of("/cache"));
    assertThat(images.seed()).isEmpty();
    assertThat(images.maxMib()).isEqualTo(100);
    assertThat(images.trustedKeys()).contains(Path.of("/keys"));
    assertThat(images.builder()).containsExactly("/bin/java", "-jar", "/b.jar");
  }

  @Test
  void settingsOfTheImageCacheThatCannotWorkAreRefused() {
    assertThatThrownBy(() -> read(Map.of("MAYFLY_WORKER_REQUIRE_SIGNED", "on"), Map.of()))
        .hasMessageContaining("mayfly.worker.trusted-keys");
    assertThatThrownBy(() -> read(Map.of("MAYFLY_WORKER_REQUIRE_SIGNED", "maybe"), Map.of()))
        .hasMessageContaining("on or off");
    assertThatThrownBy(() -> read(Map.of("MAYFLY_WORKER_IMAGES", "cache"), Map.of()))
        .hasMessageContaining("absolute");
    assertThatThrownBy(
            () -> read(Map.of("MAYFLY_HOME", "/m", "MAYFLY_WORKER_IMAGES", "/m/images"), Map.of()))
        .hasMessageContaining("two directories");
  }
}
