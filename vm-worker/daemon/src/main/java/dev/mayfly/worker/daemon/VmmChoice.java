package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.vm.Hypervisor;
import dev.mayfly.worker.daemon.link.VmmFact;
import java.util.List;
import java.util.Optional;

/**
 * Which VMM this worker uses, and what it learned of all of them.
 *
 * @param hypervisor empty when none works
 */
record VmmChoice(Optional<Hypervisor> hypervisor, List<VmmFact> facts) {

  VmmChoice {
    facts = List.copyOf(facts);
  }
}
