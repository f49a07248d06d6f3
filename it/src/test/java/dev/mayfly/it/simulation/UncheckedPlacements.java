package dev.mayfly.it.simulation;

import dev.mayfly.core.job.JobStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A job store that commits each placement without looking at room and caps. */
final class UncheckedPlacements {
  private UncheckedPlacements() {}

  static JobStore of(JobStore real) {
    return (JobStore)
        Proxy.newProxyInstance(
            JobStore.class.getClassLoader(),
            new Class<?>[] {JobStore.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("commitPlacements")) {
                return commit(real, (List<?>) arguments[0]);
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException thrown) {
                throw thrown.getCause();
              }
            });
  }

  private static Set<Object> commit(JobStore real, List<?> placements) {
    Set<Object> committed = new LinkedHashSet<>();
    for (Object one : placements) {
      JobStore.Placement placement = (JobStore.Placement) one;
      if (real.commit(placement.before(), placement.after())) {
        committed.add(placement.before().id());
      }
    }
    return committed;
  }
}
