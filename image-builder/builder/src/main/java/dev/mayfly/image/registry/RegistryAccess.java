package dev.mayfly.image.registry;

import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.source.RegistryReference;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import land.oras.ContainerRef;
import land.oras.Registry;
import land.oras.auth.HttpClient;
import land.oras.auth.RegistriesConf;
import land.oras.exception.OrasException;
import tools.jackson.core.JacksonException;

/**
 * How registries are reached from this machine: mirrors and blocked registries as {@code
 * containers-registries.conf(5)} says, credentials as {@link DockerCredentials} finds them, plain
 * HTTP only to this machine itself and where it was allowed. Thread-safe.
 */
public final class RegistryAccess {
  private static final String CONF = "CONTAINERS_REGISTRIES_CONF";
  private static final String CERTIFICATES = "SSL_CERT_FILE";
  private static final int CONNECT_SECONDS = 20;

  private final RegistriesConf conf;
  private final DockerCredentials credentials;
  private final HttpClient http;
  private final Set<String> insecure;

  private RegistryAccess(
      RegistriesConf conf, DockerCredentials credentials, HttpClient http, Set<String> insecure) {
    this.conf = conf;
    this.credentials = credentials;
    this.http = http;
    this.insecure = Set.copyOf(insecure);
  }

  /**
   * Reads this machine's settings.
   *
   * @param environment of the process
   * @param insecure registries, each with its port, that are reached by plain HTTP
   * @throws OciException when a setting cannot be read
   */
  public static RegistryAccess of(Map<String, String> environment, Set<String> insecure)
      throws OciException {
    Optional<String> file = setting(environment, CONF);
    RegistriesConf conf;
    try {
      conf =
          file.isPresent()
              ? RegistriesConf.newConf(List.of(Path.of(file.get())))
              : RegistriesConf.newConf();
    } catch (OrasException | JacksonException e) {
      throw OciException.wrong(
          file.orElse("a registries.conf of this machine")
              + " cannot be read: "
              + Failures.firstLine(e),
          e);
    }
    HttpClient.Builder http = HttpClient.Builder.builder().withTimeout(CONNECT_SECONDS);
    Optional<String> certificates = setting(environment, CERTIFICATES);
    try {
      certificates.ifPresent(http::withCaFile);
      return new RegistryAccess(conf, DockerCredentials.of(environment), http.build(), insecure);
    } catch (OrasException e) {
      throw OciException.wrong(
          CERTIFICATES + " (" + certificates.orElse("") + ") cannot be read: " + e.getMessage(), e);
    }
  }

  /** Where to ask for this, in order: the mirrors first, the registry itself last. */
  List<RegistryClient> clients(RegistryReference reference) throws OciException {
    ContainerRef ref = containerRef(reference);
    try {
      if (conf.isBlocked(ref)) {
        throw OciException.wrong(reference + " is blocked by registries.conf of this machine");
      }
      List<RegistryClient> clients = new ArrayList<>();
      for (RegistriesConf.MirrorConfig mirror : conf.getApplicableMirrors(ref)) {
        ContainerRef mirrored = conf.rewriteForMirror(ref, mirror);
        boolean plain =
            mirror.insecure() == null ? isPlain(mirrored.getRegistry()) : mirror.isInsecure();
        clients.add(client(mirrored, plain));
      }
      clients.add(own(ref));
      return clients;
    } catch (OrasException | IllegalArgumentException e) {
      throw OciException.wrong(
          "registries.conf of this machine does not fit " + reference + ": " + e.getMessage(), e);
    }
  }

  /** Where to push this: the registry itself. */
  Pushing pushing(RegistryReference reference) throws OciException {
    RegistryClient client = own(containerRef(reference));
    return new Pushing(
        client,
        Registry.builder().withAuthProvider(credentials).withInsecure(client.isPlain()).build());
  }

  /** The registry itself, and what sends to it. */
  record Pushing(RegistryClient client, Registry registry) {}

  private RegistryClient own(ContainerRef ref) {
    ContainerRef rewritten = conf.rewrite(ref);
    // What registries.conf says of a registry goes before the rest.
    Registry fallback = Registry.builder().withInsecure(isPlain(rewritten.getRegistry())).build();
    return client(rewritten, conf.isInsecure(fallback, rewritten));
  }

  private RegistryClient client(ContainerRef ref, boolean plain) {
    return new RegistryClient(http, credentials, ref, plain);
  }

  private boolean isPlain(String registry) {
    return insecure.contains(registry) || isThisMachine(registry);
  }

  /** By its name alone: a name server is not asked whom to trust. */
  private static boolean isThisMachine(String registry) {
    String host = URI.create("http://" + registry).getHost();
    if (host == null) {
      return false;
    }
    String name = host.toLowerCase(Locale.ROOT);
    return name.equals("localhost")
        || name.equals("[::1]")
        || name.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
  }

  private static ContainerRef containerRef(RegistryReference reference) {
    // Its own reading takes a registry without a dot or colon for a part of the repository.
    String text =
        RegistryReference.DEFAULT_REGISTRY
            + "/"
            + reference.repository()
            + reference.tag().map(tag -> ":" + tag).orElse("")
            + reference.digest().map(digest -> "@" + digest).orElse("");
    return ContainerRef.parse(text).forRegistry(reference.registry());
  }

  private static Optional<String> setting(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }
}
