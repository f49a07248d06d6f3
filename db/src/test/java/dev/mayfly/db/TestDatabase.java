package dev.mayfly.db;

import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The PostgreSQL of the tests: one server per JVM, one fresh database per caller.
 *
 * <p>{@code -Dmayfly.it.postgres=} says which: {@code auto} (the default: Docker where there is
 * one, else embedded), {@code docker} (fails where there is none), {@code embedded}, or a {@code
 * jdbc:postgresql:} URL with user and password of a role that may create databases. It prints once
 * which one it is. Thread-safe.
 */
public final class TestDatabase {
  /** The property that chooses. */
  public static final String PROPERTY = "mayfly.it.postgres";

  /** Begins the names of all that this JVM creates, on a server that others may use too. */
  private static final String PREFIX =
      "mayfly_test_" + UUID.randomUUID().toString().substring(0, 8) + "_";

  private static final AtomicInteger COUNTER = new AtomicInteger();

  /** Started at first use, once, by the class loader. */
  private static final class Shared {
    static final TestServer SERVER = start();
    static final String TEMPLATE = migrated(SERVER);
  }

  private TestDatabase() {}

  /** A new database with all migrations applied. It is gone when the JVM is. */
  public static DatabaseAccess freshDatabase() {
    return Shared.SERVER.create(nextName(), Shared.TEMPLATE);
  }

  /** A new database with nothing in it. It is gone when the JVM is. */
  public static DatabaseAccess emptyDatabase() {
    return Shared.SERVER.create(nextName(), TestServer.NOTHING);
  }

  /** Which server it is, for a person. */
  public static String description() {
    return Shared.SERVER.description();
  }

  private static String nextName() {
    return PREFIX + COUNTER.incrementAndGet();
  }

  private static TestServer start() {
    var server = TestServer.choose(System.getProperty(PROPERTY, "auto"));
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "test database end"));
    System.out.println("[test database] " + server.description());
    return server;
  }

  private static String migrated(TestServer server) {
    var name = PREFIX + "template";
    Migrations.apply(server.create(name, TestServer.NOTHING));
    return name;
  }
}
