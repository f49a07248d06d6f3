package dev.mayfly.it.simulation;

import dev.mayfly.api.WorkerId;
import dev.mayfly.worker.core.guest.GuestSession.GuestStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** What everything in one simulation shares: time, threads, chance, and the record of events. */
final class World {
  private static final int EVENTS_KEPT = 40;

  /** For a person who looks at one seed. */
  private static final boolean PRINTED = Boolean.getBoolean("mayfly.simulation.trace");

  /** Something that happened; put into words only when somebody reads it. */
  private record Event(long at, Object who, String what, Object about) {
    long hash() {
      // By kind, not by content: an enum's hash differs from one JVM to the next.
      return (at * 31 + what.hashCode()) * 31 + about.getClass().getSimpleName().hashCode();
    }

    @Override
    public String toString() {
      return at / 1000 + " us " + who + ": " + what + " " + about;
    }
  }

  private final long seed;
  private final Defect defect;
  private final SplittableRandom random;
  private final SimulatedTime time = new SimulatedTime();
  private final SimulatedThreads threads;
  private final Map<String, GuestProgram> programs = new HashMap<>();
  private final Map<String, String> hosts = new HashMap<>();
  private final Map<String, List<SimulatedGuest>> guests = new HashMap<>();
  private final Deque<Event> lastEvents = new ArrayDeque<>();
  private long traceHash = 1;
  private boolean storm = true;
  private int disksLost;

  World(long seed, Defect defect) {
    this.seed = seed;
    this.defect = defect;
    this.random = new SplittableRandom(seed);
    this.threads = new SimulatedThreads(random.split());
  }

  boolean has(Defect asked) {
    return defect == asked;
  }

  SimulatedTime time() {
    return time;
  }

  SimulatedThreads threads() {
    return threads;
  }

  SplittableRandom random() {
    return random;
  }

  /** Chance that does not depend on what else happens. */
  SplittableRandom randomFor(String what) {
    return new SplittableRandom(seed * 31 + what.hashCode());
  }

  SimulatedProcess process(String name) {
    return process(name, random.nextLong(0, 1L << 50));
  }

  SimulatedProcess process(String name, long origin) {
    return new SimulatedProcess(name, time, threads, origin);
  }

  /** Whether things still go wrong. */
  boolean storm() {
    return storm;
  }

  void calm() {
    storm = false;
  }

  /** What the microVM of this name will do on this host. */
  GuestProgram programOf(String host, String microVm) {
    String key = host + "/" + microVm;
    return programs.computeIfAbsent(key, drawn -> GuestProgram.draw(randomFor(drawn), this::storm));
  }

  /** An attempt is on one host, ever; its microVM has its name. */
  void claimName(String microVm, String host) {
    String other = hosts.putIfAbsent(microVm, host);
    if (other != null && !other.equals(host)) {
      throw new Violation("microVM " + microVm + " was booted on " + other + " and on " + host);
    }
  }

  /** Every microVM ever booted. */
  void booted(SimulatedGuest guest) {
    guests.computeIfAbsent(guest.name(), unused -> new ArrayList<>()).add(guest);
  }

  /** The most that a microVM of this name has printed: it may have been booted again. */
  long printedBy(String microVm, GuestStream stream) {
    return guests.getOrDefault(microVm, List.of()).stream()
        .mapToLong(guest -> guest.length(stream))
        .max()
        .orElse(0);
  }

  List<SimulatedGuest> guests(String microVm) {
    return guests.getOrDefault(microVm, List.of());
  }

  GuestProgram program(WorkerId worker, String microVm) {
    return programOf("worker-" + worker.value().getLeastSignificantBits(), microVm);
  }

  void diskLost() {
    disksLost++;
  }

  int disksLost() {
    return disksLost;
  }

  /** Records what happened. */
  void trace(Object who, String what, Object about) {
    Event event = new Event(time.now(), who, what, about);
    traceHash = traceHash * 31 + event.hash();
    if (PRINTED) {
      System.out.println(event);
    }
    lastEvents.addLast(event);
    if (lastEvents.size() > EVENTS_KEPT) {
      lastEvents.removeFirst();
    }
  }

  long traceHash() {
    return traceHash;
  }

  List<String> lastEvents() {
    return lastEvents.stream().map(Event::toString).toList();
  }
}
