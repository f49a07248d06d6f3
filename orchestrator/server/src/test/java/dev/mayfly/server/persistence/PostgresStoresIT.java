package dev.mayfly.server.persistence;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.job.StoreContract;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.core.quota.QuotaStore;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.jpa.autoconfigure.DataJpaRepositoriesAutoConfiguration;
import org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The stores on a real PostgreSQL keep the same contract as those in memory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresStoresIT extends StoreContract {
  private final ConfigurableApplicationContext context;

  @Configuration(proxyBeanMethods = false)
  @Import(PersistenceConfiguration.class)
  @ImportAutoConfiguration({
    DataSourceAutoConfiguration.class,
    HibernateJpaAutoConfiguration.class,
    TransactionAutoConfiguration.class,
    DataJpaRepositoriesAutoConfiguration.class
  })
  static class Persistence {}

  PostgresStoresIT() {
    DatabaseAccess database = TestDatabase.freshDatabase();
    context =
        new SpringApplicationBuilder(Persistence.class)
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
            "truncate job, attempt, log_chunk, worker, image, access_token, project, worker_pool, fleet,"
                + " explanation, exec, exec_input, exec_signal cascade")
        .update();
    return new Stores(
        context.getBean(JobStore.class),
        context.getBean(WorkerStore.class),
        context.getBean(ImageStore.class),
        context.getBean(LogStore.class),
        context.getBean(QuotaStore.class),
        context.getBean(ExplanationStore.class));
  }
}
