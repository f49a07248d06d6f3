package dev.mayfly.core.quota;

import dev.mayfly.api.ProjectName;
import java.util.OptionalInt;

/**
 * A project and what it may use. A project nobody configured has weight 1 and no cap.
 *
 * @param weight its share of the fleet when others want it too, relative to theirs; 1 to {@value
 *     #MAX_WEIGHT}
 * @param maxActive hard cap of jobs on workers at once; empty: none
 */
public record Project(ProjectName name, int weight, OptionalInt maxActive) {
  public static final int MAX_WEIGHT = 1000;

  public Project {
    if (weight < 1 || weight > MAX_WEIGHT) {
      throw new IllegalArgumentException("weight is " + weight + ", must be 1 to " + MAX_WEIGHT);
    }
    if (maxActive.isPresent() && maxActive.getAsInt() < 0) {
      throw new IllegalArgumentException("maxActive is negative");
    }
  }

  public static Project unconfigured(ProjectName name) {
    return new Project(name, 1, OptionalInt.empty());
  }
}
