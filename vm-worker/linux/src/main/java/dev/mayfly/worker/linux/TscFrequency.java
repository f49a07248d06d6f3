package dev.mayfly.worker.linux;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jnr.ffi.Pointer;

/**
 * How fast the host's time stamp counter runs. An emulated guest sees the host's counter but cannot
 * measure it while the host is loaded, so it must be told ({@code tsc_early_khz}).
 *
 * @param kiloHertz counts per millisecond
 * @param source how it was found
 */
public record TscFrequency(long kiloHertz, Source source) {

  /** From exact to roughly right. */
  public enum Source {
    /** Read twice and compared with the monotonic clock; exact to some millionths. */
    MEASURED,
    /** What the CPU's name promises; right to about a percent. */
    MODEL_NAME,
    /** The current clock of a CPU, which on some machines changes. */
    CURRENT_CLOCK
  }

  /** {@code rdtsc; shl rdx,32; or rax,rdx; ret}: a function without arguments for x86-64. */
  private static final byte[] READ_COUNTER = {
    0x0F, 0x31, 0x48, (byte) 0xC1, (byte) 0xE2, 0x20, 0x48, 0x09, (byte) 0xD0, (byte) 0xC3
  };

  private static final long PAGE_BYTES = 4096;
  private static final long MAP_FAILED = -1;
  private static final int PROT_READ_WRITE = 3;
  private static final int PROT_READ_EXEC = 5;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;

  /** Long enough that half a microsecond of doubt at both ends is 20 millionths. */
  private static final long MEASURE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Readings per end; the one least disturbed by the scheduler counts. */
  private static final int READINGS = 200;

  private static final Pattern PROMISED = Pattern.compile("@ ([0-9.]+)GHz");
  private static final Pattern CURRENT = Pattern.compile("(?m)^cpu MHz\\s*: ([0-9.]+)$");

  /** The counter and the monotonic clock at one instant. */
  private record Reading(long counter, long nanos, long doubt) {}

  /** Finds the frequency; takes about 50 ms. Empty on a machine without such a counter. */
  public static Optional<TscFrequency> find() {
    if (!HostFacts.architecture().equals("x86_64")) {
      return Optional.empty();
    }
    Optional<TscFrequency> measured = measure();
    if (measured.isPresent()) {
      return measured;
    }
    try {
      return fromCpuInfo(Files.readString(Path.of("/proc/cpuinfo")));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  static Optional<TscFrequency> fromCpuInfo(String text) {
    Matcher promised = PROMISED.matcher(text);
    if (promised.find()) {
      double gigaHertz = Double.parseDouble(promised.group(1));
      return Optional.of(new TscFrequency(Math.round(gigaHertz * 1e6), Source.MODEL_NAME));
    }
    Matcher current = CURRENT.matcher(text);
    if (current.find()) {
      double megaHertz = Double.parseDouble(current.group(1));
      return Optional.of(new TscFrequency(Math.round(megaHertz * 1e3), Source.CURRENT_CLOCK));
    }
    return Optional.empty();
  }

  /**
   * Runs ten bytes of machine code, for Java has no word for rdtsc. Empty where the system forbids
   * executable memory.
   */
  private static Optional<TscFrequency> measure() {
    LibC library = LibC.load();
    Pointer page = library.mmap(null, PAGE_BYTES, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (page.address() == MAP_FAILED) {
      return Optional.empty();
    }
    try {
      page.put(0, READ_COUNTER, 0, READ_COUNTER.length);
      if (library.mprotect(page, PAGE_BYTES, PROT_READ_EXEC) < 0) {
        return Optional.empty();
      }
      MethodHandle counter =
          Linker.nativeLinker()
              .downcallHandle(
                  MemorySegment.ofAddress(page.address()),
                  FunctionDescriptor.of(ValueLayout.JAVA_LONG));
      Reading first = read(counter);
      while (System.nanoTime() - first.nanos() < MEASURE_NANOS) {
        Thread.onSpinWait();
      }
      Reading last = read(counter);
      double perMilli = 1e6 * (last.counter() - first.counter()) / (last.nanos() - first.nanos());
      return Optional.of(new TscFrequency(Math.round(perMilli), Source.MEASURED));
    } finally {
      library.munmap(page, PAGE_BYTES);
    }
  }

  private static Reading read(MethodHandle counter) {
    Reading best = new Reading(0, 0, Long.MAX_VALUE);
    for (int i = 0; i < READINGS; i++) {
      long before = System.nanoTime();
      long count = call(counter);
      long after = System.nanoTime();
      if (after - before < best.doubt()) {
        best = new Reading(count, before + (after - before) / 2, after - before);
      }
    }
    return best;
  }

  @SuppressWarnings("IllegalCatch") // MethodHandle.invokeExact declares Throwable.
  private static long call(MethodHandle counter) {
    try {
      return (long) counter.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException("a function of ten bytes threw", e);
    }
  }
}
