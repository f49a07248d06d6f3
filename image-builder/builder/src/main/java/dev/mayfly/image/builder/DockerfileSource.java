package dev.mayfly.image.builder;

import dev.mayfly.image.builder.BuildException.Blame;
import dev.mayfly.image.builder.Commands.Command;
import dev.mayfly.image.builder.Commands.Ended;
import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciImage;
import dev.mayfly.image.oci.OciLayout;
import dev.mayfly.image.oci.OciPlatform;
import dev.mayfly.image.oci.SavedArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * An image that a Dockerfile describes, built by buildah, or by docker where that is what there is.
 * It is built each time: what its base images and commands give today, nobody can say beforehand.
 */
final class DockerfileSource implements BuildSource {
  private static final List<String> FILES = List.of("Dockerfile", "Containerfile");

  /** Where registries and logins are found; not among what every program gets. */
  private static final List<String> SETTINGS =
      List.of(
          "CONTAINERS_REGISTRIES_CONF",
          "DOCKER_CONFIG",
          "DOCKER_HOST",
          "REGISTRY_AUTH_FILE",
          "SSL_CERT_FILE",
          "XDG_RUNTIME_DIR");

  private static final String IMAGE = "mayfly-build";

  private final Path directory;
  private final OciPlatform here;
  private final Map<String, String> environment;
  private Optional<Source> built = Optional.empty();

  DockerfileSource(Path directory, OciPlatform here, Map<String, String> environment) {
    this.directory = directory.toAbsolutePath().normalize();
    this.here = here;
    this.environment = new HashMap<>(environment);
    this.environment.keySet().retainAll(SETTINGS);
  }

  /** Known once it is built. */
  @Override
  public Source identify() {
    return built.orElseThrow(() -> new IllegalStateException("not built yet"));
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Path file = file();
    String path = room.commands().path();
    try {
      OciImage image;
      if (Tool.BUILDAH.isPresent(path)) {
        image = room.steps().run("buildah", () -> byBuildah(room, file));
      } else if (Tool.DOCKER.isPresent(path)) {
        image = room.steps().run("docker", () -> byDocker(room, file));
      } else {
        throw new BuildException(
            "a Dockerfile needs buildah or docker, and neither is on this machine; install with:"
                + " apt-get install buildah");
      }
      Source source = new Source("dockerfile", "", image.digest());
      built = Optional.of(source);
      return OciContents.of(image, source);
    } catch (OciException e) {
      throw OciContents.failed(e);
    }
  }

  private Path file() throws BuildException {
    for (String name : FILES) {
      Path file = directory.resolve(name);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    throw new BuildException(
        Blame.USER, "there is no Dockerfile and no Containerfile in " + directory);
  }

  /** With storage of its own below the work directory, so that nothing of it stays. */
  private OciImage byBuildah(BuildRoom room, Path file)
      throws BuildException, InterruptedException, IOException {
    Path storage = room.work().resolve("storage");
    Path layout = room.work().resolve("layout");
    List<String> buildah =
        List.of(
            Tool.BUILDAH.program(),
            "--root=" + storage.resolve("root"),
            "--runroot=" + storage.resolve("run"),
            // The driver that needs no kernel module, no mount and no user namespace.
            "--storage-driver=vfs");
    try {
      run(
          room,
          buildah,
          List.of(
              "build",
              "--isolation=chroot",
              "--format=oci",
              // Else the time of the build is in the image, and two builds are two images.
              "--timestamp=0",
              "--file=" + file,
              "--tag=" + IMAGE,
              directory.toString()));
      run(room, buildah, List.of("push", "--quiet", IMAGE, "oci:" + layout + ":" + IMAGE));
      return OciLayout.of(layout, here).image(Optional.empty());
    } finally {
      if (!room.root() && Files.exists(storage)) {
        // Its files belong to the user's subordinate ids.
        room.commands()
            .run(
                new Command(
                    List.of(Tool.BUILDAH.program(), "unshare", "rm", "-rf", storage.toString()),
                    environment,
                    ""),
                in -> in.skip(Long.MAX_VALUE),
                line -> {});
      }
    }
  }

  private OciImage byDocker(BuildRoom room, Path file)
      throws BuildException, InterruptedException, IOException {
    String image = IMAGE + "-" + UUID.randomUUID();
    Path archive = room.work().resolve("docker.tar");
    List<String> docker = List.of(Tool.DOCKER.program());
    run(room, docker, List.of("build", "--file=" + file, "--tag=" + image, directory.toString()));
    try {
      run(room, docker, List.of("save", "--output=" + archive, image));
    } finally {
      run(room, docker, List.of("rmi", image));
    }
    return SavedArchive.read(
        archive, Optional.empty(), Files.createDirectory(room.work().resolve("saved")), here);
  }

  private void run(BuildRoom room, List<String> program, List<String> arguments)
      throws BuildException, InterruptedException {
    List<String> command = new ArrayList<>(program);
    command.addAll(arguments);
    Ended ended =
        room.commands()
            .run(
                new Command(command, environment, ""),
                in -> in.skip(Long.MAX_VALUE),
                line -> {
                  if (!line.isBlank()) {
                    room.steps().note(line.strip());
                  }
                });
    if (ended.exitCode() != 0) {
      if (ended.lastLines().stream().anyMatch(BuildSpace::isExhausted)) {
        throw new BuildException(BuildSpace.EXHAUSTED);
      }
      throw new BuildException(
          Blame.USER,
          program.getFirst()
              + " "
              + arguments.getFirst()
              + " failed with exit code "
              + ended.exitCode()
              + ": "
              + String.join(" | ", Commands.tail(ended.lastLines(), 5)));
    }
  }
}
