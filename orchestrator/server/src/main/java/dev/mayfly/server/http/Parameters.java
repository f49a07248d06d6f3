package dev.mayfly.server.http;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads query parameters; what is wrong is refused by name. */
final class Parameters {
  private Parameters() {}

  static int limit(@Nullable Integer limit, int most, int fallback) {
    if (limit == null) {
      return fallback;
    }
    if (limit < 1 || limit > most) {
      throw new RefusedRequestException(
          Problems.badParameter("limit", "is " + limit + ", must be 1 to " + most));
    }
    return limit;
  }

  static <E extends Enum<E>> E oneOf(String parameter, Class<E> type, String value) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> constant.name().equals(value))
        .findFirst()
        .orElseThrow(() ->
            new RefusedRequestException(
                Problems.badParameter(
                    parameter,
                    "must be one of "
                        + Arrays.stream(type.getEnumConstants())
                            .map(Enum::name)
                            .collect(Collectors.joining(", ")))));
  }
}
