package dev.mayfly.core.exec;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What an exec does, fixed when it is opened. */
public sealed interface ExecSpec {

  /** Whether its standard input may be written to. */
  boolean takesInput();

  /** The same without what may be secret. */
  ExecSpec withoutEnvironment();

  /**
   * A command.
   *
   * @param command argv, at least one
   * @param environment over that of the job; erased when the exec ends
   * @param secrets names in the environment whose values must not appear in the log
   * @param workingDirectory absolute; empty: that of the job
   * @param user name or {@code uid[:gid]}; empty: that of the job
   * @param stdin whether it reads what the front end writes; else its input is empty
   * @param timeout from its start; null: none but the job's
   */
  record Command(
      List<String> command,
      SortedMap<String, String> environment,
      SortedSet<String> secrets,
      String workingDirectory,
      String user,
      boolean stdin,
      @Nullable Duration timeout)
      implements ExecSpec {

    public Command {
      command = List.copyOf(command);
      environment = Collections.unmodifiableSortedMap(new TreeMap<>(environment));
      secrets = Collections.unmodifiableSortedSet(new TreeSet<>(secrets));
      if (command.isEmpty()) {
        throw new IllegalArgumentException("command is empty");
      }
      if (timeout != null && !timeout.isPositive()) {
        throw new IllegalArgumentException("timeout must be positive");
      }
    }

    @Override
    public boolean takesInput() {
      return stdin;
    }

    @Override
    public ExecSpec withoutEnvironment() {
      return environment.isEmpty() && secrets.isEmpty()
          ? this
          : new Command(
              command,
              Collections.emptySortedMap(),
              new TreeSet<>(Set.of()),
              workingDirectory,
              user,
              stdin,
              timeout);
    }

    /** Names the environment's variables only: their values may be secrets. */
    @Override
    public String toString() {
      return "Command[" + command.size() + " arguments, " + environment.keySet() + "]";
    }
  }

  /**
   * Unpacks the tar stream on its standard input.
   *
   * @param path absolute directory, made when absent
   * @param limitBytes of the stream
   */
  record Upload(String path, long limitBytes, Duration timeout) implements ExecSpec {
    public Upload {
      requireTransfer(path, limitBytes, timeout);
    }

    @Override
    public boolean takesInput() {
      return true;
    }

    @Override
    public ExecSpec withoutEnvironment() {
      return this;
    }
  }

  /**
   * Packs files into a tar stream.
   *
   * @param path absolute path of what to pack
   * @param limitBytes of the stream
   */
  record Download(String path, long limitBytes, Duration timeout) implements ExecSpec {
    public Download {
      requireTransfer(path, limitBytes, timeout);
    }

    @Override
    public boolean takesInput() {
      return false;
    }

    @Override
    public ExecSpec withoutEnvironment() {
      return this;
    }
  }

  private static void requireTransfer(String path, long limitBytes, Duration timeout) {
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException("path is not absolute");
    }
    if (limitBytes < 1) {
      throw new IllegalArgumentException("limit must be at least 1 byte");
    }
    if (!timeout.isPositive()) {
      throw new IllegalArgumentException("timeout must be positive");
    }
  }
}
