package dev.mayfly.core.job;

import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.image.InMemoryImageStore;
import dev.mayfly.core.log.InMemoryLogStore;
import dev.mayfly.core.placement.InMemoryExplanationStore;
import dev.mayfly.core.quota.InMemoryQuotaStore;

class InMemoryStoresTest extends StoreContract {
  @Override
  protected Stores emptyStores() {
    InMemoryDatabase database = new InMemoryDatabase();
    return new Stores(
        new InMemoryJobStore(database),
        new InMemoryWorkerStore(database),
        new InMemoryImageStore(),
        new InMemoryLogStore(database),
        new InMemoryQuotaStore(database),
        new InMemoryExplanationStore(database));
  }
}
