package dev.mayfly.server.persistence;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.job.JobStore;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.db.DatabaseAccess;
import jakarta.persistence.EntityManager;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.boot.persistence.autoconfigure.EntityScan;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.jpa.repository.config.EnableJpaRepositories;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** The stores as beans. */
@Configuration(proxyBeanMethods = false)
@EnableJpaRepositories
@EntityScan
public class PersistenceConfiguration {

  /** Many virtual threads share few connections; each is held for one short transaction. */
  private static final int MAX_CONNECTIONS = 12;

  private static final Duration CONNECTION_WAIT = Duration.ofSeconds(10);

  @Bean
  HikariDataSource dataSource(DatabaseAccess access) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("mayfly");
    config.setJdbcUrl(access.url());
    config.setUsername(access.user());
    config.setPassword(access.password());
    config.setMaximumPoolSize(MAX_CONNECTIONS);
    config.setMinimumIdle(2);
    config.setConnectionTimeout(CONNECTION_WAIT.toMillis());
    // One round trip for a batch of log chunks.
    config.addDataSourceProperty("reWriteBatchedInserts", "true");
    config.addDataSourceProperty("ApplicationName", "mayfly-orchestrator");
    return new HikariDataSource(config);
  }

  @Bean
  Transactions transactions(PlatformTransactionManager manager) {
    return new Transactions(manager);
  }

  @Bean
  JdbcClient jdbcClient(DataSource database) {
    return JdbcClient.create(database);
  }

  @Bean
  JobStore jobStore(
      EntityManager entities,
      JobRepository jobs,
      WorkerRepository workers,
      Transactions transactions,
      JdbcClient sql) {
    return new JpaJobStore(entities, jobs, workers, transactions, sql);
  }

  @Bean
  WorkerStore workerStore(WorkerRepository workers, Transactions transactions) {
    return new JpaWorkerStore(workers, transactions);
  }

  @Bean
  ImageStore imageStore(ImageRepository images, Transactions transactions, JdbcClient sql) {
    return new JpaImageStore(images, transactions, sql);
  }

  @Bean
  LogStore logStore(DataSource database) {
    return new JdbcLogStore(database);
  }

  @Bean
  TokenStore tokenStore(JdbcClient sql) {
    return new TokenStore(sql);
  }
}
