package dev.mayfly.image.source;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Reads the parts of sources that are files of this machine. */
final class LocalSources {
  private static final String DISK = "disk=";

  private LocalSources() {}

  record PathAndTag(Path path, Optional<String> tag) {}

  static Path path(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("a path is empty");
    }
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("\"" + text + "\" is no path", e);
    }
  }

  /** What follows the last colon is a tag where it looks like one. */
  static PathAndTag pathAndTag(String text) {
    int colon = text.lastIndexOf(':');
    if (colon > 0 && RegistryReference.isTag(text.substring(colon + 1))) {
      return new PathAndTag(path(text.substring(0, colon)), Optional.of(text.substring(colon + 1)));
    }
    return new PathAndTag(path(text), Optional.empty());
  }

  static ImageSource.KernelSystem system(String text) {
    String[] parts = text.split(",", -1);
    if (parts.length != 2) {
      throw new IllegalArgumentException("it is not system:KERNEL,INITRAMFS");
    }
    return new ImageSource.KernelSystem(path(parts[0]), path(parts[1]));
  }

  static ImageSource.Console console(String text) {
    String[] parts = text.split(",", -1);
    Optional<Path> initramfs = Optional.empty();
    Optional<Path> disk = Optional.empty();
    for (int i = 1; i < parts.length; i++) {
      if (parts[i].startsWith(DISK) && disk.isEmpty()) {
        disk = Optional.of(path(parts[i].substring(DISK.length())));
      } else if (i == 1) {
        initramfs = Optional.of(path(parts[i]));
      } else {
        throw new IllegalArgumentException("it is not console:KERNEL[,INITRAMFS][,disk=FILE]");
      }
    }
    return new ImageSource.Console(path(parts[0]), initramfs, disk);
  }
}
