package dev.mayfly.server.http;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A range of bytes that a request asks for (RFC 9110, section 14). */
record ByteRange(long first, long length) {
  private static final Pattern ONE = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");

  /**
   * The range of a header; everything when there is none, or one in another form, which may be
   * ignored.
   *
   * @return nothing when it lies outside
   */
  static Optional<ByteRange> of(@Nullable String header, long size) {
    Matcher matcher = header == null ? null : ONE.matcher(header);
    if (matcher == null
        || !matcher.matches()
        || (matcher.group(1).isEmpty() && matcher.group(2).isEmpty())) {
      return Optional.of(new ByteRange(0, size));
    }
    if (matcher.group(1).isEmpty()) {
      long last = Math.min(Long.parseLong(matcher.group(2)), size);
      return last == 0 ? Optional.empty() : Optional.of(new ByteRange(size - last, last));
    }
    long first = Long.parseLong(matcher.group(1));
    long last = matcher.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(matcher.group(2));
    if (last < first) {
      return Optional.of(new ByteRange(0, size));
    }
    return first >= size
        ? Optional.empty()
        : Optional.of(new ByteRange(first, Math.min(last, size - 1) - first + 1));
  }

  String header(long size) {
    return "bytes " + first + "-" + (first + length - 1) + "/" + size;
  }
}
