package dev.mayfly.core.exec;

import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import dev.mayfly.core.log.InMemoryLogStore;

class InMemoryExecStoreTest extends ExecStoreContract {
  @Override
  protected Stores emptyStores() {
    InMemoryDatabase database = new InMemoryDatabase();
    return new Stores(
        new InMemoryJobStore(database),
        new InMemoryWorkerStore(database),
        new InMemoryLogStore(database),
        new InMemoryExecStore(database));
  }
}
