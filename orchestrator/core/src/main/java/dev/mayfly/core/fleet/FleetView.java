package dev.mayfly.core.fleet;

import dev.mayfly.api.Shape;
import dev.mayfly.api.WorkerId;
import java.util.List;

/** The workers and what of each is used, consistent at one instant; ordered by name. */
public record FleetView(List<Member> members) {

  /**
   * One worker of the view.
   *
   * @param used what the attempts placed on it have reserved
   * @param held kept free for a job that came earlier and does not fit yet
   */
  public record Member(Worker worker, Capacity used, boolean held) {

    public Capacity free() {
      return worker.capacity().minus(used);
    }
  }

  public FleetView {
    members = List.copyOf(members);
  }

  /** The same view with one more job on a worker. */
  public FleetView with(WorkerId worker, Shape placed) {
    return new FleetView(
        members.stream()
            .map(member ->
                member.worker().id().equals(worker)
                    ? new Member(member.worker(), member.used().plus(placed), member.held())
                    : member)
            .toList());
  }

  /** The same view with a worker kept free. */
  public FleetView holding(WorkerId worker) {
    return new FleetView(
        members.stream()
            .map(member ->
                member.worker().id().equals(worker)
                    ? new Member(member.worker(), member.used(), true)
                    : member)
            .toList());
  }
}
