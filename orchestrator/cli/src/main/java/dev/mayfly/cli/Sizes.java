package dev.mayfly.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads sizes such as {@code 512M}, {@code 512MiB} and {@code 4G}, in MiB. */
final class Sizes implements ITypeConverter<Integer> {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,9})([mgt])(i?b)?");

  @Override
  public Integer convert(String text) {
    Matcher matcher = FORM.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches() || "b".equals(matcher.group(3))) {
      throw new TypeConversionException("'" + text + "' is not a size such as 512M or 4G");
    }
    long factor =
        switch (matcher.group(2)) {
          case "m" -> 1L;
          case "g" -> 1024L;
          default -> 1024L * 1024;
        };
    long mebibytes = Long.parseLong(matcher.group(1)) * factor;
    if (mebibytes > Integer.MAX_VALUE) {
      throw new TypeConversionException("'" + text + "' is more than any machine has");
    }
    return (int) mebibytes;
  }
}
