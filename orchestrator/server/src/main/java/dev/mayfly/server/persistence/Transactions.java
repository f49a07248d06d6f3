package dev.mayfly.server.persistence;

import java.util.Objects;
import java.util.function.Supplier;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Runs a store's call as one transaction. Thread-safe. */
class Transactions {

  /** No call of a store is long; one that hangs must not hold its locks for ever. */
  private static final int TIMEOUT_SECONDS = 20;

  private final TransactionTemplate reading;
  private final TransactionTemplate writing;

  Transactions(PlatformTransactionManager manager) {
    reading = new TransactionTemplate(manager);
    reading.setReadOnly(true);
    reading.setTimeout(TIMEOUT_SECONDS);
    writing = new TransactionTemplate(manager);
    writing.setTimeout(TIMEOUT_SECONDS);
  }

  <T> T read(Supplier<T> work) {
    return Objects.requireNonNull(reading.execute(_ -> work.get()));
  }

  <T> T write(Supplier<T> work) {
    return Objects.requireNonNull(writing.execute(_ -> work.get()));
  }
}
