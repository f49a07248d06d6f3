package dev.mayfly.image.source;

import dev.mayfly.image.source.LocalSources.PathAndTag;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What an image is made of. Its text is {@code kind:reference}, as {@code
 * ops/docs/image-sources.md} lists the kinds; {@link #parse} reads it and {@link #text} writes it.
 */
public sealed interface ImageSource {
  /** A Debian source with a hundred packages is about 2,000 characters. */
  int MAX_LENGTH = 4096;

  /** A recipe that the builder carries, by its image's name, for example {@code debian:12}. */
  record Recipe(String name) implements ImageSource {
    private static final Pattern NAME =
        Pattern.compile("[a-z0-9][a-z0-9._-]*(?::[A-Za-z0-9._-]+)?");

    public Recipe {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException("the recipe is not a name such as debian:12");
      }
    }
  }

  /** An image or an index of images in a registry. */
  record Registry(RegistryReference image) implements ImageSource {}

  /**
   * A directory in the OCI image layout.
   *
   * @param tag needed where it holds several images
   */
  record OciLayout(Path directory, Optional<String> tag) implements ImageSource {
    public OciLayout {
      tag.ifPresent(RegistryReference::requireTag);
    }
  }

  /**
   * What {@code docker save} wrote, or an OCI image layout in a tar archive; plain or compressed.
   *
   * @param tag needed where it holds several images
   */
  record Archive(Path file, Optional<String> tag) implements ImageSource {
    public Archive {
      tag.ifPresent(RegistryReference::requireTag);
    }
  }

  /** A directory with a {@code Dockerfile}. */
  record Dockerfile(Path directory) implements ImageSource {}

  /** A root file system in a tar archive; plain or compressed. */
  record Tarball(Path file) implements ImageSource {}

  /**
   * A Debian suite and packages on top of the smallest one.
   *
   * @param packages sorted, each once
   */
  record Debian(String suite, List<String> packages) implements ImageSource {
    private static final Pattern SUITE = Pattern.compile("[a-z0-9][a-z0-9.-]{0,63}");

    public Debian {
      if (!SUITE.matcher(suite).matches()) {
        throw new IllegalArgumentException("the suite is not a name such as bookworm");
      }
      packages = PackageNames.sorted(packages);
    }
  }

  /**
   * An Alpine minirootfs and packages on top.
   *
   * @param version for example {@code 3.22}, or {@code edge}
   * @param packages sorted, each once
   */
  record Alpine(String version, List<String> packages) implements ImageSource {
    private static final Pattern VERSION =
        Pattern.compile("[0-9]{1,3}\\.[0-9]{1,3}(?:\\.[0-9]{1,3})?|edge");

    public Alpine {
      if (!VERSION.matcher(version).matches()) {
        throw new IllegalArgumentException("the version is not one such as 3.22, and not edge");
      }
      packages = PackageNames.sorted(packages);
    }
  }

  /** A disk image, qcow2 or raw, with a root file system that the guest mounts. */
  record Disk(Path file) implements ImageSource {}

  /** A kernel whose initramfs is the whole system; the agent is added to it. */
  record KernelSystem(Path kernel, Path initramfs) implements ImageSource {}

  /** A kernel without our agent; its console is the log and its power-off the end. */
  record Console(Path kernel, Optional<Path> initramfs, Optional<Path> disk)
      implements ImageSource {}

  /**
   * Reads {@code kind:reference}.
   *
   * @throws IllegalArgumentException naming what is wrong, for the person who wrote it
   */
  static ImageSource parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "the image source has more than " + MAX_LENGTH + " characters");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("the image source holds a control character");
    }
    int colon = text.indexOf(':');
    String kind = colon < 0 ? "" : text.substring(0, colon);
    String rest = text.substring(colon + 1);
    if (colon >= 0 && rest.isEmpty()) {
      throw new IllegalArgumentException(
          "image source \"" + text + "\" names nothing after " + kind);
    }
    try {
      return switch (kind) {
        case "recipe" -> new Recipe(rest);
        case "registry" -> new Registry(RegistryReference.parse(rest));
        case "oci" -> {
          PathAndTag parsed = LocalSources.pathAndTag(rest);
          yield new OciLayout(parsed.path(), parsed.tag());
        }
        case "archive" -> {
          PathAndTag parsed = LocalSources.pathAndTag(rest);
          yield new Archive(parsed.path(), parsed.tag());
        }
        case "dockerfile" -> new Dockerfile(LocalSources.path(rest));
        case "tar" -> new Tarball(LocalSources.path(rest));
        case "debian" -> new Debian(PackageNames.before(rest), PackageNames.after(rest));
        case "alpine" -> new Alpine(PackageNames.before(rest), PackageNames.after(rest));
        case "disk" -> new Disk(LocalSources.path(rest));
        case "system" -> LocalSources.system(rest);
        case "console" -> LocalSources.console(rest);
        default ->
            throw new IllegalArgumentException(
                "it begins with none of recipe: registry: oci: archive: dockerfile: tar: debian: alpine: disk: system: console:");
      };
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("image source \"" + text + "\": " + e.getMessage(), e);
    }
  }

  /**
   * What a bare image name means: a recipe of exactly that name, or else an image in a registry.
   *
   * @param isRecipe whether the builder carries a recipe of this name
   * @throws IllegalArgumentException where it can be neither
   */
  static ImageSource ofName(String name, Predicate<String> isRecipe) {
    return isRecipe.test(name) ? new Recipe(name) : parse("registry:" + name);
  }

  /** As {@link #parse} reads it; a registry reference is written with every part. */
  default String text() {
    return kind() + ":" + reference();
  }

  /** What stands before the first colon. */
  default String kind() {
    return switch (this) {
      case Recipe _ -> "recipe";
      case Registry _ -> "registry";
      case OciLayout _ -> "oci";
      case Archive _ -> "archive";
      case Dockerfile _ -> "dockerfile";
      case Tarball _ -> "tar";
      case Debian _ -> "debian";
      case Alpine _ -> "alpine";
      case Disk _ -> "disk";
      case KernelSystem _ -> "system";
      case Console _ -> "console";
    };
  }

  /** What stands after the first colon; it may hold paths of this machine. */
  default String reference() {
    return switch (this) {
      case Recipe recipe -> recipe.name();
      case Registry registry -> registry.image().toString();
      case OciLayout layout -> layout.directory() + layout.tag().map(tag -> ":" + tag).orElse("");
      case Archive archive -> archive.file() + archive.tag().map(tag -> ":" + tag).orElse("");
      case Dockerfile dockerfile -> dockerfile.directory().toString();
      case Tarball tarball -> tarball.file().toString();
      case Debian debian -> PackageNames.join(debian.suite(), debian.packages());
      case Alpine alpine -> PackageNames.join(alpine.version(), alpine.packages());
      case Disk disk -> disk.file().toString();
      case KernelSystem kernel -> kernel.kernel() + "," + kernel.initramfs();
      case Console console -> {
        List<String> parts = new ArrayList<>(List.of(console.kernel().toString()));
        console.initramfs().ifPresent(path -> parts.add(path.toString()));
        console.disk().ifPresent(path -> parts.add("disk=" + path));
        yield String.join(",", parts);
      }
    };
  }

  /** For a manifest: without any directory of this machine. */
  default String publicReference() {
    return switch (this) {
      case Recipe recipe -> recipe.name();
      case Registry registry -> registry.image().toString();
      case OciLayout layout -> layout.tag().orElse("");
      case Archive archive -> archive.tag().orElse("");
      case Debian debian -> PackageNames.join(debian.suite(), debian.packages());
      case Alpine alpine -> PackageNames.join(alpine.version(), alpine.packages());
      case Dockerfile _, Tarball _, Disk _, KernelSystem _, Console _ -> "";
    };
  }

  /** Whether another machine can build it too: it names no file of this one. */
  default boolean isRemote() {
    return switch (this) {
      case Recipe _, Registry _, Debian _, Alpine _ -> true;
      case OciLayout _, Archive _, Dockerfile _, Tarball _, Disk _, KernelSystem _, Console _ ->
          false;
    };
  }

  /** The image name it gives where the person gave none; empty where a name has to be given. */
  default Optional<String> ownName() {
    return switch (this) {
      case Recipe recipe -> Optional.of(recipe.name());
      case Registry registry ->
          Optional.of(registry.image().shortened()).filter(name -> !registry.image().isPinned());
      case OciLayout _,
          Archive _,
          Dockerfile _,
          Tarball _,
          Debian _,
          Alpine _,
          Disk _,
          KernelSystem _,
          Console _ ->
          Optional.empty();
    };
  }
}
