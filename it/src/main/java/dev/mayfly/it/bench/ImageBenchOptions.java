package dev.mayfly.it.bench;

/**
 * What the command line of {@link ImageBench} asked for.
 *
 * @param accelerator {@code tcg} or {@code kvm}
 * @param compressors whether other settings of the root file system are compared too
 */
record ImageBenchOptions(int rounds, String accelerator, boolean compressors) {
  private static final int DEFAULT_ROUNDS = 3;
  private static final String USAGE =
      "bench images takes -n N (1 to 20), --accelerator tcg|kvm and --compressors";

  /**
   * Reads them.
   *
   * @throws IllegalArgumentException saying what may be given
   */
  static ImageBenchOptions parse(String[] arguments) {
    int rounds = DEFAULT_ROUNDS;
    String accelerator = "tcg";
    boolean compressors = false;
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].equals("--compressors")) {
        compressors = true;
        continue;
      }
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      switch (arguments[i]) {
        case "-n" -> rounds = rounds(value);
        case "--accelerator" -> accelerator = accelerator(value);
        default -> throw new IllegalArgumentException(USAGE);
      }
      i++;
    }
    return new ImageBenchOptions(rounds, accelerator, compressors);
  }

  private static int rounds(String value) {
    if (!value.matches("[1-9]|1[0-9]|20")) {
      throw new IllegalArgumentException(USAGE);
    }
    return Integer.parseInt(value);
  }

  private static String accelerator(String value) {
    if (!value.equals("tcg") && !value.equals("kvm")) {
      throw new IllegalArgumentException(USAGE);
    }
    return value;
  }
}
