package dev.mayfly.core.image;

import dev.mayfly.core.fleet.InMemoryWorkerStore;
import dev.mayfly.core.job.InMemoryDatabase;
import dev.mayfly.core.job.InMemoryJobStore;
import java.util.Set;

class InMemoryImageBuildStoreTest extends ImageBuildStoreContract {
  @Override
  protected Stores emptyStores() {
    InMemoryDatabase database = new InMemoryDatabase();
    InMemoryImages shared = new InMemoryImages(Set::of);
    InMemoryImageStore images = new InMemoryImageStore(shared);
    InMemoryBundleStore bundles = new InMemoryBundleStore(shared);
    return new Stores(
        new InMemoryImageBuildStore(database, images, bundles),
        images,
        bundles,
        new InMemoryWorkerStore(database),
        new InMemoryJobStore(database));
  }
}
