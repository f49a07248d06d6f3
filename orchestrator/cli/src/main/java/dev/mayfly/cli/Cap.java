package dev.mayfly.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A cap somebody wants to set.
 *
 * @param value null: none
 */
record Cap(@Nullable Integer value) {

  /** Use and cap as tables show them, such as {@code 3/10}. */
  static String use(int used, @Nullable Integer cap) {
    return cap == null ? Integer.toString(used) : used + "/" + cap;
  }

  /** Reads a number or {@code none}. */
  static final class Reader implements ITypeConverter<Cap> {
    @Override
    public Cap convert(String text) {
      if (text.equals("none")) {
        return new Cap(null);
      }
      try {
        return new Cap(Integer.valueOf(text));
      } catch (NumberFormatException notANumber) {
        throw new TypeConversionException("'" + text + "' is neither a number nor none");
      }
    }
  }
}
