package dev.mayfly.image.tree;

import java.util.Locale;

/** Words errors about one layer: which layer, which entry, what is wrong, what to do. */
record Refusals(String layer) {
  private static final int SHOWN = 200;

  /** About the layer as a whole. */
  TreeRefusedException layer(String wrong, String advice) {
    return new TreeRefusedException(layer + " " + wrong + "; " + advice);
  }

  /** About one entry of it. */
  TreeRefusedException entry(String name, String wrong, String advice) {
    return new TreeRefusedException(
        layer + ": entry \"" + shown(name) + "\" " + wrong + "; " + advice);
  }

  /** A hostile name must not write to somebody's terminal. */
  static String shown(String name) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < name.length() && text.length() < SHOWN; i++) {
      char c = name.charAt(i);
      if (c >= ' ' && c < 0x7f && c != '\\') {
        text.append(c);
      } else {
        text.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
      }
    }
    return text.append(text.length() < SHOWN ? "" : "…").toString();
  }
}
