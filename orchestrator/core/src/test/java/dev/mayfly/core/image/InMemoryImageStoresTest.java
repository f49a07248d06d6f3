package dev.mayfly.core.image;

import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import java.util.Set;

class InMemoryImageStoresTest extends ImageStoresContract {
  @Override
  protected Stores emptyStores() {
    InMemoryDatabase database = new InMemoryDatabase();
    InMemoryWorkerStore workers = new InMemoryWorkerStore(database);
    InMemoryImages images =
        new InMemoryImages(() -> database.jobs.isEmpty() ? Set.of() : Set.of(Examples.BUNDLE));
    return new Stores(
        new InMemoryImageStore(images),
        new InMemoryImagePolicyStore(images),
        new InMemoryBundleStore(images),
        new InMemoryBundleOnWorkerStore(
            images,
            database.workers::containsKey,
            worker ->
                workers
                    .find(worker)
                    .filter(found -> found.state() != WorkerState.LEFT)
                    .isPresent()),
        workers,
        new InMemoryJobStore(database));
  }
}
