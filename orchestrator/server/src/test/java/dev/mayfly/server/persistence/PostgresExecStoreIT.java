package dev.mayfly.server.persistence;

import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.exec.ExecStoreContract;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.db.DatabaseAccess;
import dev.mayfly.db.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Execs on a real PostgreSQL keep the same contract as those in memory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresExecStoreIT extends ExecStoreContract {
  private final ConfigurableApplicationContext context;

  PostgresExecStoreIT() {
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
    context.getBean(JdbcClient.class).sql("truncate job, worker cascade").update();
    return new Stores(
        context.getBean(JobStore.class),
        context.getBean(WorkerStore.class),
        context.getBean(LogStore.class),
        context.getBean(ExecStore.class));
  }
}
