package dev.mayfly.server.persistence;

import dev.mayfly.api.JobId;
import dev.mayfly.api.WorkerId;
import dev.mayfly.db.DatabaseAccess;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Nudges between the orchestrators of one database, by LISTEN and NOTIFY on a connection of its
 * own. A notice carries no more than a name; it may be lost or come twice, so a sweep is always
 * behind it. Thread-safe.
 *
 * <p>NOTIFY takes a lock of the whole server at commit, so nothing else is ever committed with one:
 * notices are gathered for a few milliseconds and sent together, and not at all while no other
 * orchestrator has said that it is there.
 */
public final class Notices implements SmartLifecycle {

  /** Who hears of other orchestrators' notices; called by one thread, must not block. */
  public interface Listener {

    /** There may be something to tell a worker. */
    void worker(WorkerId worker);

    /** There may be something to tell any worker. */
    void workers();

    /** A worker has connected to another orchestrator, as its connection of this number. */
    void connected(WorkerId worker, long connection);

    /** There may be news of a job. */
    void job(JobId job);

    /** There may be something to tell workers about their execs. */
    void execs();

    /** Workers may have to keep other bundles. */
    void keep();

    /** Notices may have been lost. */
    void everything();
  }

  private static final String CHANNEL = "mayfly";
  private static final String HELLO = "h";
  private static final String WORKERS = "a";
  private static final String EXECS = "e";
  private static final String KEEP = "k";
  private static final String EVERYTHING = "*";
  private static final String SEPARATOR = ",";

  /** PostgreSQL takes less than 8000 bytes. */
  private static final int MAX_PAYLOAD = 7900;

  /** More than this are not told one by one. */
  private static final int MAX_GATHERED = 4096;

  private static final Duration GATHER = Duration.ofMillis(4);
  private static final Duration HELLO_INTERVAL = Duration.ofSeconds(1);

  /** Three of its hellos were missed. */
  private static final Duration ABSENT = Duration.ofSeconds(4);

  private static final Duration RECONNECT = Duration.ofMillis(500);

  private static final Logger log = LoggerFactory.getLogger(Notices.class);

  private final DatabaseAccess database;
  private final UUID self = UUID.randomUUID();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition gatheredSome = lock.newCondition();
  private final Set<String> gathered = new LinkedHashSet<>();
  private volatile @Nullable Listener listener;
  private volatile long othersSeenNanos;
  private volatile boolean othersSeen;
  private volatile boolean running;
  private @Nullable Thread receiver;
  private @Nullable Thread sender;

  Notices(DatabaseAccess database) {
    this.database = database;
  }

  /** Set once, before the start. */
  public void listen(Listener who) {
    listener = who;
  }

  public void worker(WorkerId worker) {
    gather("w" + worker);
  }

  public void workers() {
    gather(WORKERS);
  }

  public void connected(WorkerId worker, long connection) {
    gather("c" + worker + ":" + connection);
  }

  public void execs() {
    gather(EXECS);
  }

  public void keep() {
    gather(KEEP);
  }

  public void job(JobId job) {
    gather("j" + job);
  }

  private boolean alone() {
    return !othersSeen || System.nanoTime() - othersSeenNanos > ABSENT.toNanos();
  }

  private void gather(String notice) {
    if (alone()) {
      return;
    }
    lock.lock();
    try {
      if (gathered.size() >= MAX_GATHERED) {
        gathered.clear();
        gathered.add(EVERYTHING);
      }
      if (!gathered.contains(EVERYTHING)) {
        gathered.add(notice);
      }
      gatheredSome.signal();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void start() {
    running = true;
    receiver = Thread.ofPlatform().daemon().name("notices-in").start(() -> keep(this::receive));
    sender = Thread.ofPlatform().daemon().name("notices-out").start(() -> keep(this::send));
  }

  private interface Session {
    void run(Connection connection) throws SQLException, InterruptedException;
  }

  /** Runs a session on a connection, and again on a new one when it breaks. */
  private void keep(Session session) {
    boolean broken = false;
    while (running) {
      try (Connection connection = database.connect()) {
        session.run(connection);
        return;
      } catch (SQLException failed) {
        if (running && !broken) {
          log.atWarn().setCause(failed).log("Notices broke off");
        }
        broken = true;
      } catch (InterruptedException stopped) {
        return;
      }
      try {
        Thread.sleep(RECONNECT);
      } catch (InterruptedException stopped) {
        return;
      }
    }
  }

  private void receive(Connection connection) throws SQLException {
    try (Statement listen = connection.createStatement()) {
      listen.execute("listen " + CHANNEL);
    }
    PGConnection notified = connection.unwrap(PGConnection.class);
    tell(Listener::everything);
    while (running) {
      PGNotification[] notifications =
          notified.getNotifications(Math.toIntExact(HELLO_INTERVAL.toMillis()));
      if (notifications == null || notifications.length == 0) {
        // Our own hello comes every second: silence is a connection that is not there any more.
        if (!connection.isValid(Math.toIntExact(ABSENT.toSeconds()))) {
          throw new SQLException("the connection for notices is dead");
        }
        continue;
      }
      for (PGNotification notification : notifications) {
        take(notification.getParameter());
      }
    }
  }

  private interface Telling {
    void to(Listener who);
  }

  private void tell(Telling telling) {
    Listener who = listener;
    if (who != null) {
      try {
        telling.to(who);
      } catch (RuntimeException failed) {
        log.atWarn().setCause(failed).log("A notice could not be followed");
      }
    }
  }

  private void take(String payload) {
    String[] parts = payload.split(SEPARATOR, -1);
    if (parts[0].equals(self.toString())) {
      return;
    }
    othersSeenNanos = System.nanoTime();
    boolean first = !othersSeen;
    othersSeen = true;
    if (first) {
      tell(Listener::everything);
    }
    for (int i = 1; i < parts.length; i++) {
      one(parts[i]);
    }
  }

  private void one(String notice) {
    String rest = notice.isEmpty() ? "" : notice.substring(1);
    switch (notice.isEmpty() ? ' ' : notice.charAt(0)) {
      case 'w' -> tell(who -> who.worker(WorkerId.parse(rest)));
      case 'j' -> tell(who -> who.job(JobId.parse(rest)));
      case 'a' -> tell(Listener::workers);
      case 'e' -> tell(Listener::execs);
      case 'k' -> tell(Listener::keep);
      case '*' -> tell(Listener::everything);
      case 'c' -> {
        int colon = rest.indexOf(':');
        if (colon > 0) {
          tell(who ->
              who.connected(
                  WorkerId.parse(rest.substring(0, colon)),
                  Long.parseLong(rest.substring(colon + 1))));
        }
      }
      default -> {} // A hello, or what a newer version says.
    }
  }

  private void send(Connection connection) throws SQLException, InterruptedException {
    try (Statement settings = connection.createStatement()) {
      // A notice that a crash loses is behind a sweep; the disk need not be waited for.
      settings.execute("set synchronous_commit = off");
    }
    long nextHello = System.nanoTime();
    try (PreparedStatement notify =
        connection.prepareStatement("select pg_notify('" + CHANNEL + "', ?)")) {
      while (running) {
        List<String> notices = next(nextHello);
        if (System.nanoTime() - nextHello >= 0) {
          notices.add(HELLO);
          nextHello = System.nanoTime() + HELLO_INTERVAL.toNanos();
        }
        for (String payload : payloads(notices)) {
          notify.setString(1, payload);
          notify.execute();
        }
        Thread.sleep(GATHER);
      }
    }
  }

  private List<String> next(long until) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = until - System.nanoTime();
      while (gathered.isEmpty() && left > 0 && running) {
        left = gatheredSome.awaitNanos(left);
      }
      List<String> notices = new ArrayList<>(gathered);
      gathered.clear();
      return notices;
    } finally {
      lock.unlock();
    }
  }

  private List<String> payloads(List<String> notices) {
    List<String> payloads = new ArrayList<>();
    StringBuilder payload = new StringBuilder(self.toString());
    int empty = payload.length();
    for (String notice : notices) {
      if (payload.length() + SEPARATOR.length() + notice.length() > MAX_PAYLOAD) {
        payloads.add(payload.toString());
        payload.setLength(empty);
      }
      payload.append(SEPARATOR).append(notice);
    }
    if (payload.length() > empty) {
      payloads.add(payload.toString());
    }
    return payloads;
  }

  @Override
  public void stop() {
    running = false;
    for (Thread thread : new Thread[] {sender, receiver}) {
      if (thread != null) {
        thread.interrupt();
        try {
          thread.join(HELLO_INTERVAL.multipliedBy(2));
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
