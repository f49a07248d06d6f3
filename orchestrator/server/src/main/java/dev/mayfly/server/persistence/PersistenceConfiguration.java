package dev.mayfly.server.persistence;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.mayfly.core.exec.ExecStore;
import dev.mayfly.core.image.BundleOnWorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImageBuildStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.log.LogStore;
import dev.mayfly.core.placement.ExplanationStore;
import dev.mayfly.core.quota.QuotaStore;
import dev.mayfly.db.DatabaseAccess;
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

  /** No call of a store is long; one that hangs must not hold its locks for ever. */
  private static final String SERVER_LIMITS =
      "-c statement_timeout=20s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s";

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
    config.addDataSourceProperty("options", SERVER_LIMITS);
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
  Database database(DataSource connections) {
    return new Database(connections);
  }

  @Bean
  PlacementNews placementNews() {
    return new PlacementNews();
  }

  @Bean
  Notices notices(DatabaseAccess access) {
    return new Notices(access);
  }

  @Bean
  JdbcJobStore jobStore(Database database, PlacementNews news) {
    return new JdbcJobStore(database, new PlacementWrites(database, news));
  }

  @Bean
  JdbcWorkerStore workerStore(Database database) {
    return new JdbcWorkerStore(database);
  }

  @Bean
  QuotaStore quotaStore(Database database) {
    return new JdbcQuotaStore(database);
  }

  @Bean
  ExplanationStore explanationStore(Database database) {
    return new JdbcExplanationStore(database);
  }

  @Bean
  ImageStore imageStore(ImageRepository images, Transactions transactions, Database database) {
    return new JpaImageStore(images, transactions, database);
  }

  @Bean
  JdbcImagePolicyStore imagePolicyStore(Database database) {
    return new JdbcImagePolicyStore(database);
  }

  @Bean
  BundleStore bundleStore(Database database) {
    return new JdbcBundleStore(database);
  }

  @Bean
  BundleOnWorkerStore bundleOnWorkerStore(Database database) {
    return new JdbcBundleOnWorkerStore(database);
  }

  @Bean
  ImageBuildStore imageBuildStore(Database database) {
    return new JdbcImageBuildStore(database);
  }

  @Bean
  ExecStore execStore(Database database) {
    return new JdbcExecStore(database);
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
