package dev.mayfly.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations such as {@code 30s}, {@code 10m}, {@code 1h30m} and {@code 2d}, in seconds. */
final class Durations implements ITypeConverter<Integer> {
  private static final Pattern FORM =
      Pattern.compile("(?:([0-9]{1,7})d)?(?:([0-9]{1,7})h)?(?:([0-9]{1,7})m)?(?:([0-9]{1,9})s)?");
  private static final int[] SECONDS = {24 * 3600, 3600, 60, 1};

  @Override
  public Integer convert(String text) {
    Matcher matcher = FORM.matcher(text.toLowerCase(Locale.ROOT));
    if (text.isEmpty() || !matcher.matches()) {
      throw new TypeConversionException("'" + text + "' is not a duration such as 30s, 10m or 1h");
    }
    long seconds = 0;
    for (int i = 0; i < SECONDS.length; i++) {
      String count = matcher.group(i + 1);
      seconds += count == null ? 0 : Long.parseLong(count) * SECONDS[i];
    }
    if (seconds > Integer.MAX_VALUE) {
      throw new TypeConversionException("'" + text + "' is too long");
    }
    return (int) seconds;
  }
}
