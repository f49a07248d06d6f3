package dev.mayfly.core.job;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.core.quota.QuotaStore;
import org.junit.jupiter.api.Nested;

/** What every implementation of the stores keeps; each test starts with empty stores. */
public abstract class StoreContract {

  /** The stores over one empty database. */
  public record Stores(
      JobStore jobs,
      WorkerStore workers,
      ImageStore images,
      LogStore logs,
      QuotaStore quotas,
      ExplanationStore explanations) {}

  protected abstract Stores emptyStores();

  @Nested
  class Jobs extends JobStoreContract {
    @Override
    Stores stores() {
      return emptyStores();
    }
  }

  @Nested
  class Leases extends LeaseStoreContract {
    @Override
    Stores stores() {
      return emptyStores();
    }
  }

  @Nested
  class Queue extends QueueStoreContract {
    @Override
    Stores stores() {
      return emptyStores();
    }
  }

  @Nested
  class Placements extends PlacementStoreContract {
    @Override
    Stores stores() {
      return emptyStores();
    }
  }

  @Nested
  class Workers extends WorkerStoreContract {
    @Override
    Stores stores() {
      return emptyStores();
    }
  }

  @Nested
  class Logs extends LogStoreContract {
    @Override
    Stores stores() {
      return emptyStores();
    }
  }

  @Nested
  class Settings extends SettingStoreContract {
    @Override
    Stores stores() {
      return emptyStores();
    }
  }
}
