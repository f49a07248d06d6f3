package dev.mayfly.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.image.oci.OciException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DockerCredentialsTest {
  @TempDir Path directory;

  private final Map<String, String> environment = new HashMap<>();

  @Test
  void aLoginIsFoundByItsRegistryAndAPasswordMayHoldAColon() throws Exception {
    docker("{\"auths\":{\"reg.example:5000\":" + auth("ann:a:b") + "}}");

    assertThat(find("reg.example:5000", "team/tool")).isEqualTo("ann:a:b");
    assertThat(find("other.example", "team/tool")).isEmpty();
  }

  @Test
  void theMostExactKeyWins() throws Exception {
    docker(
        "{\"auths\":{\"reg.example\":%s,\"reg.example/team\":%s,\"reg.example/team/tool\":%s}}"
            .formatted(auth("a:1"), auth("b:2"), auth("c:3")));

    assertThat(find("reg.example", "team/tool")).isEqualTo("c:3");
    assertThat(find("reg.example", "team/other")).isEqualTo("b:2");
    assertThat(find("reg.example", "else")).isEqualTo("a:1");
  }

  @Test
  void dockersOwnRegistryHasAKeyOfItsOwn() throws Exception {
    docker("{\"auths\":{\"https://index.docker.io/v1/\":" + auth("ann:x") + "}}");

    assertThat(find("docker.io", "library/busybox")).isEqualTo("ann:x");
  }

  @Test
  void podmansFileGoesBeforeDockersAndANamedFileGoesAlone() throws Exception {
    docker("{\"auths\":{\"a.example\":" + auth("docker:x") + "}}");
    Path runtime = Files.createDirectories(directory.resolve("run/containers"));
    Files.writeString(
        runtime.resolve("auth.json"), "{\"auths\":{\"a.example\":" + auth("podman:x") + "}}");
    environment.put("XDG_RUNTIME_DIR", directory.resolve("run").toString());
    assertThat(find("a.example", "x")).isEqualTo("podman:x");

    environment.put(
        "REGISTRY_AUTH_FILE", Files.writeString(directory.resolve("only.json"), "{}").toString());
    assertThat(find("a.example", "x")).isEmpty();
  }

  @Test
  void aFileThatCannotBeReadIsNamedAndNothingOfItIsShown() throws Exception {
    docker("{\"auths\":{\"a.example\":{\"auth\":\"c2VjcmV0\"}}}");
    assertThatThrownBy(() -> find("a.example", "x"))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("config.json has a login that is not user:password")
        .hasMessageNotContaining("secret");

    docker("{\"auths\":secret");
    assertThatThrownBy(() -> find("a.example", "x"))
        .hasMessageContaining("config.json cannot be read")
        .hasMessageNotContaining("secret")
        .hasNoCause();
  }

  @Test
  void aHelperThatIsNotThereIsNamed() throws Exception {
    docker("{\"credHelpers\":{\"a.example\":\"no-such-helper\"}}");
    assertThatThrownBy(() -> find("a.example", "x"))
        .hasMessageContaining("docker-credential-no-such-helper, which cannot be started");

    docker("{\"credsStore\":\"../../bin/sh\"}");
    assertThatThrownBy(() -> find("a.example", "x")).hasMessageContaining("is no plain name");
  }

  @Test
  void withoutAnyFileThereIsNoLogin() throws Exception {
    environment.put("HOME", directory.resolve("nowhere").toString());

    assertThat(find("a.example", "x")).isEmpty();
  }

  private String find(String registry, String repository) throws OciException {
    return DockerCredentials.of(environment).find(registry, repository).orElse("");
  }

  private void docker(String configuration) throws Exception {
    Files.writeString(directory.resolve("config.json"), configuration);
    environment.put("DOCKER_CONFIG", directory.toString());
  }

  private static String auth(String login) {
    return "{\"auth\":\"%s\"}"
        .formatted(Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)));
  }
}
