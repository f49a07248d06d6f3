package dev.mayfly.cli;

import dev.mayfly.api.ImageRef;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of an image. */
final class ImageArgument implements ITypeConverter<ImageRef> {

  @Override
  public ImageRef convert(String text) {
    try {
      return new ImageRef(text);
    } catch (IllegalArgumentException wrong) {
      throw new TypeConversionException("'" + text + "': " + wrong.getMessage());
    }
  }

  static ImageRef of(String text) throws CommandFailed {
    try {
      return new ImageRef(text);
    } catch (IllegalArgumentException wrong) {
      throw new CommandFailed(ExitCode.USAGE, "'" + text + "': " + wrong.getMessage());
    }
  }

  static CommandFailed none(ImageRef image) {
    return new CommandFailed(
        ExitCode.REFUSED, "there is no image " + image + "; mayfly image ls lists them");
  }
}
