package dev.mayfly.image.registry;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.OciDescriptor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Fetches several blobs at once and tells how far it is. One object serves one image. */
final class ParallelDownload {
  /** As many as docker fetches at once, and one. */
  private static final int AT_ONCE = 4;

  private static final int NOTE_SECONDS = 3;

  private final LayerCache cache;
  private final List<RegistryClient> clients;
  private final Consumer<String> notes;
  private final AtomicLong bytes = new AtomicLong();
  private final Map<Sha256, Path> files = new HashMap<>();

  ParallelDownload(LayerCache cache, List<RegistryClient> clients, Consumer<String> notes) {
    this.cache = cache;
    this.clients = clients;
    this.notes = notes;
  }

  private record Fetched(Sha256 digest, Path file) {}

  /** All of them, or none is said to be there; what has come of the others stays for a next try. */
  void fetch(List<OciDescriptor> blobs) throws IOException, InterruptedException {
    Map<Sha256, OciDescriptor> distinct = new HashMap<>();
    blobs.forEach(blob -> distinct.putIfAbsent(blob.digest(), blob));
    long total = distinct.values().stream().mapToLong(OciDescriptor::size).sum();
    Semaphore turns = new Semaphore(AT_ONCE);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletionService<Fetched> ended = new ExecutorCompletionService<>(threads);
      for (OciDescriptor blob : distinct.values()) {
        ended.submit(() -> fetch(blob, turns));
      }
      try {
        for (int left = distinct.size(); left > 0; ) {
          Future<Fetched> next = ended.poll(NOTE_SECONDS, TimeUnit.SECONDS);
          if (next == null) {
            notes.accept(
                "pulled "
                    + (bytes.get() >> 20)
                    + " of "
                    + (total >> 20)
                    + " MiB, "
                    + left
                    + " files to come");
          } else {
            Fetched fetched = next.get();
            files.put(fetched.digest(), fetched.file());
            left--;
          }
        }
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case IOException failure -> throw failure;
          case RuntimeException failure -> throw failure;
          case null, default -> throw new IllegalStateException(e);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  /** Of one that was fetched. */
  Path file(OciDescriptor blob) {
    Path file = files.get(blob.digest());
    if (file == null) {
      throw new IllegalStateException(blob.digest() + " was not fetched");
    }
    return file;
  }

  private Fetched fetch(OciDescriptor blob, Semaphore turns)
      throws IOException, InterruptedException {
    turns.acquire();
    try {
      return new Fetched(
          blob.digest(), new BlobDownload(cache, clients, bytes::addAndGet).fetch(blob));
    } finally {
      turns.release();
    }
  }
}
