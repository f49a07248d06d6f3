package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The requests that make our minimal kernel: {@code image-builder/recipes/microvm-kernel.fragment}.
 * Kconfig drops a request whose conditions are not met without a word, so the resulting
 * configuration is held against them.
 */
final class KernelFragment {
  private static final String RESOURCE = "/dev/mayfly/image/recipes/microvm-kernel.fragment";

  /** Ours has 10 KiB. */
  private static final int MAX_BYTES = 256 * 1024;

  private static final Pattern SET = Pattern.compile("(CONFIG_[A-Z0-9_]+)=(.+)");
  private static final Pattern NOT_SET = Pattern.compile("# (CONFIG_[A-Z0-9_]+) is not set");

  /** What an option that is off has in place of a value. */
  private static final String OFF = "n";

  private final byte[] bytes;
  private final Map<String, String> wanted;

  private KernelFragment(byte[] bytes, Map<String, String> wanted) {
    this.bytes = bytes;
    this.wanted = wanted;
  }

  /** The one this program carries. */
  static KernelFragment load() throws BuildException, IOException {
    try (InputStream in = KernelFragment.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("microvm-kernel.fragment is missing from this build");
      }
      return parse(in.readNBytes(MAX_BYTES + 1));
    }
  }

  static KernelFragment parse(byte[] bytes) throws BuildException {
    if (bytes.length > MAX_BYTES) {
      throw new BuildException("the kernel fragment has more than " + MAX_BYTES + " bytes");
    }
    Map<String, String> wanted = new LinkedHashMap<>();
    int number = 0;
    for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n", -1)) {
      number++;
      Matcher set = SET.matcher(line);
      Matcher notSet = NOT_SET.matcher(line);
      String option;
      String value;
      if (set.matches()) {
        option = set.group(1);
        value = set.group(2);
      } else if (notSet.matches()) {
        option = notSet.group(1);
        value = OFF;
      } else if (line.isBlank() || line.startsWith("#")) {
        continue;
      } else {
        throw new BuildException(
            "the kernel fragment's line " + number + " is neither an option nor a comment");
      }
      if (wanted.put(option, value) != null) {
        throw new BuildException("the kernel fragment's line " + number + " repeats " + option);
      }
    }
    return new KernelFragment(bytes.clone(), wanted);
  }

  /** As they are merged into a configuration. */
  byte[] bytes() {
    return bytes.clone();
  }

  Sha256 sha256() {
    return Sha256.of(bytes);
  }

  /** The requests a configuration does not grant, each with what stands there instead. */
  List<String> notGranted(String configuration) {
    Map<String, String> granted = new HashMap<>();
    for (String line : configuration.split("\n")) {
      Matcher set = SET.matcher(line);
      if (set.matches()) {
        granted.put(set.group(1), set.group(2));
      }
    }
    List<String> missing = new ArrayList<>();
    wanted.forEach((option, value) -> {
      String there = granted.getOrDefault(option, OFF);
      if (!there.equals(value)) {
        missing.add(option + "=" + value + " (there: " + there + ")");
      }
    });
    return missing;
  }
}
