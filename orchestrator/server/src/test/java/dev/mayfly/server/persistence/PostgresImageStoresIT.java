package dev.mayfly.server.persistence;

import static dev.mayfly.core.job.Examples.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleOnWorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.ImageStoresContract;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.core.image.WantedImage;
import dev.mayfly.core.image.WantedImages;
import dev.mayfly.core.job.Examples;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The stores of images on a real PostgreSQL keep the same contract as those in memory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresImageStoresIT extends ImageStoresContract {
  private final ConfigurableApplicationContext context;

  PostgresImageStoresIT() {
    DatabaseAccess database = TestDatabase.freshDatabase();
    context =
        new SpringApplicationBuilder(PostgresStoresIT.Persistence.class)
            .web(WebApplicationType.NONE)
            .initializers(beans ->
                ((GenericApplicationContext) beans)
                    .registerBean(DatabaseAccess.class, () -> database))
            .run();
  }

  @AfterAll
  void close() {
    context.close();
  }

  @Override
  protected Stores emptyStores() {
    context
        .getBean(JdbcClient.class)
        .sql(
            "truncate job, attempt, log_chunk, worker, worker_bundle, image, image_version,"
                + " image_policy, bundle, bundle_blob, exec, exec_input, exec_signal cascade")
        .update();
    return new Stores(
        context.getBean(ImageStore.class),
        context.getBean(ImagePolicyStore.class),
        context.getBean(BundleStore.class),
        context.getBean(BundleOnWorkerStore.class),
        context.getBean(WorkerStore.class),
        context.getBean(JobStore.class));
  }

  @Test
  void aCollectionWaitsForABundleThatIsBeingStoredAndThenLeavesItsBlobs() throws Exception {
    BundleStore bundles = emptyStores().bundles();
    BlobDigest blob = new BlobDigest("sha256:" + "c".repeat(64));
    StoredBundle bundle =
        new StoredBundle(
            Examples.BUNDLE,
            new byte[] {1},
            Map.of(),
            Examples.DEBIAN,
            "x86_64",
            1,
            blob.value(),
            List.of(new StoredBundle.NeededBlob(blob, 1)),
            NOON);
    CountDownLatch looked = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<BlobDigest> removed = new CopyOnWriteArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<BundleStore.Put> put =
          threads.submit(() ->
              bundles.put(
                  bundle,
                  needed -> {
                    looked.countDown();
                    awaited(goOn);
                    return List.of();
                  }));
      awaited(looked);
      Future<?> removal = threads.submit(() -> bundles.removeUnneeded(List.of(blob), removed::add));
      assertThatThrownBy(() -> removal.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      goOn.countDown();
      assertThat(put.get(10, TimeUnit.SECONDS)).isEqualTo(new BundleStore.Put.Stored(bundle));
      removal.get(10, TimeUnit.SECONDS);
    }
    assertThat(removed).isEmpty();
  }

  private static void awaited(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  @Test
  void whatWorkersShouldHaveIsReadAtOnce() {
    Stores stores = emptyStores();
    WantedImages wanted = context.getBean(WantedImages.class);
    Image image = Examples.image(NOON);
    stores.images().publish(image);
    assertThat(wanted.wanted(10))
        .containsExactly(
            new WantedImage(image, ImagePolicy.of(image.name()), false, Optional.empty()));
    stores.jobs().submit(Examples.job(NOON), null);
    stores.jobs().submit(Examples.job(NOON.plusSeconds(5)), null);
    ImagePolicy policy =
        stores
            .policies()
            .put(
                new ImagePolicy(
                    image.name(),
                    Optional.of("recipe:debian:12"),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    2,
                    true,
                    Set.of(new WorkerPoolName("fast")),
                    Optional.empty(),
                    Optional.empty()));
    assertThat(wanted.wanted(10))
        .containsExactly(new WantedImage(image, policy, false, Optional.of(NOON.plusSeconds(5))));
    assertThat(wanted.wanted(0)).isEqualTo(List.of());
  }
}
