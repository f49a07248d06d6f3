package dev.mayfly.core.placement;

import dev.mayfly.core.job.InMemoryDatabase;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** An {@link ExplanationStore} in a map. */
public final class InMemoryExplanationStore implements ExplanationStore {
  private final InMemoryDatabase database;

  public InMemoryExplanationStore(InMemoryDatabase database) {
    this.database = database;
  }

  @Override
  public void replace(Map<String, Explanation> explanations) {
    synchronized (database) {
      database.explanations.clear();
      database.explanations.putAll(explanations);
    }
  }

  @Override
  public Map<String, Explanation> find(Collection<String> keys) {
    synchronized (database) {
      Map<String, Explanation> found = new HashMap<>(database.explanations);
      found.keySet().retainAll(keys);
      return found;
    }
  }
}
