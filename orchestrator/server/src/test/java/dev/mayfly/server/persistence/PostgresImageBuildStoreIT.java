package dev.mayfly.server.persistence;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImageBuildStoreContract;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The store of builds on a real PostgreSQL keeps the same contract as the one in memory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresImageBuildStoreIT extends ImageBuildStoreContract {
  private final ConfigurableApplicationContext context;

  PostgresImageBuildStoreIT() {
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
            "truncate job, attempt, worker, image, image_version, image_build, image_build_line,"
                + " bundle, bundle_blob cascade")
        .update();
    return new Stores(
        context.getBean(ImageBuildStore.class),
        context.getBean(ImageStore.class),
        context.getBean(BundleStore.class),
        context.getBean(WorkerStore.class),
        context.getBean(JobStore.class));
  }
}
