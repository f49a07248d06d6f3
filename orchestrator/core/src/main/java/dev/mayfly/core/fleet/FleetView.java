package dev.mayfly.core.fleet;

import java.util.List;

/** The workers and what of each is used, consistent at one instant; ordered by name. */
public record FleetView(List<Member> members) {

  /**
   * One worker of the view.
   *
   * @param used what the attempts placed on it have reserved
   */
  public record Member(Worker worker, Capacity used) {

    public Capacity free() {
      return worker.capacity().minus(used);
    }
  }

  public FleetView {
    members = List.copyOf(members);
  }
}
