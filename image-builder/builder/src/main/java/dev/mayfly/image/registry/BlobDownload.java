package dev.mayfly.image.registry;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.OciDescriptor;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.registry.RegistryClient.Piece;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Fetches one blob into the cache: on from where an earlier try ended, checked while it streams,
 * never beyond its size. A blob that turns out wrong is removed.
 */
final class BlobDownload {
  /** A registry that is started anew is back within this many tries, about half a minute. */
  private static final int TRIES = 8;

  /** Doubled after each try that brought nothing, up to {@link #LONGEST_PAUSE}. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  private static final int BUFFER_BYTES = 1 << 17;

  private final LayerCache cache;
  private final List<RegistryClient> clients;
  private final LongConsumer onBytes;

  /**
   * @param clients tried in this order
   * @param onBytes told how many bytes have come, negative where some are thrown away; from the
   *     thread that fetches
   */
  BlobDownload(LayerCache cache, List<RegistryClient> clients, LongConsumer onBytes) {
    this.cache = cache;
    this.clients = clients;
    this.onBytes = onBytes;
  }

  /** How one try ended. */
  private sealed interface Try {
    /** All bytes are there; they have this digest. */
    record Whole(Sha256 actual) implements Try {}

    /** Some bytes are there, and the rest may still come. */
    record Cut(IOException why) implements Try {}

    /** What the registry has is not the blob. */
    record Wrong(String instead) implements Try {}
  }

  /** The blob's file in the cache. */
  Path fetch(OciDescriptor blob) throws IOException, InterruptedException {
    Optional<Path> present = cache.find(blob.digest(), blob.size());
    if (present.isPresent()) {
      onBytes.accept(blob.size());
      return present.get();
    }
    for (int i = 0; ; i++) {
      try {
        fetch(clients.get(i), blob);
        return cache.keep(blob.digest());
      } catch (OciException e) {
        if (i + 1 == clients.size()) {
          throw e;
        }
      }
    }
  }

  private void fetch(RegistryClient client, OciDescriptor blob)
      throws IOException, InterruptedException {
    Path part = cache.part(blob.digest());
    boolean inherited = size(part) > 0;
    onBytes.accept(size(part));
    Duration pause = FIRST_PAUSE;
    for (int tried = 1; ; tried++) {
      long before = size(part);
      boolean stale = inherited;
      Try ended = attempt(client, blob, part);
      switch (ended) {
        case Try.Whole(Sha256 actual) when actual.equals(blob.digest()) -> {
          return;
        }
        case Try.Whole _ when stale -> {
          // What an earlier process left may be what is wrong.
          discard(part);
          inherited = false;
        }
        case Try.Whole(Sha256 actual) ->
            throw wrong(client, blob, part, "bytes whose digest is " + actual);
        case Try.Wrong(String instead) -> throw wrong(client, blob, part, instead);
        case Try.Cut(IOException why) -> {
          if (tried >= TRIES) {
            throw why instanceof OciException
                ? why
                : OciException.outside(
                    client.registry()
                        + " broke off blob "
                        + blob.digest()
                        + " "
                        + TRIES
                        + " times, at last after "
                        + size(part)
                        + " of "
                        + blob.size()
                        + " bytes; try again, and it goes on from there",
                    why);
          }
        }
      }
      pause = size(part) > before ? FIRST_PAUSE : longer(pause);
      Thread.sleep(pause);
    }
  }

  /** One request, as far as it goes. */
  private Try attempt(RegistryClient client, OciDescriptor blob, Path part)
      throws IOException, InterruptedException {
    MessageDigest digest = sha256();
    if (size(part) > blob.size()) {
      discard(part);
    }
    long have = hash(part, digest);
    if (have < blob.size() || blob.size() == 0) {
      Optional<Piece> answered;
      try {
        answered = client.blob(blob.digest(), have);
      } catch (OciException e) {
        if (e.isOutside()) {
          return new Try.Cut(e);
        }
        throw e;
      }
      if (answered.isEmpty()) {
        return new Try.Wrong("no more than " + have + " bytes");
      }
      try (Piece piece = answered.get()) {
        if (piece.from() != have) {
          discard(part);
          digest.reset();
          have = 0;
        }
        if (piece.length().isPresent() && have + piece.length().getAsLong() != blob.size()) {
          return new Try.Wrong(have + piece.length().getAsLong() + " bytes");
        }
        long all = stream(piece, part, have, blob.size(), digest);
        if (all > blob.size()) {
          return new Try.Wrong("more bytes than that");
        }
        if (all < blob.size()) {
          return new Try.Cut(new IOException("ended after " + all + " bytes"));
        }
      } catch (IOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedException();
        }
        if (!(e instanceof StreamException)) {
          throw e;
        }
        return new Try.Cut(e);
      }
    }
    return new Try.Whole(new Sha256(HexFormat.of().formatHex(digest.digest())));
  }

  /** Returns how many bytes the part has then. */
  private long stream(Piece piece, Path part, long have, long size, MessageDigest digest)
      throws IOException {
    long all = have;
    byte[] buffer = new byte[BUFFER_BYTES];
    try (StallWatch watch = new StallWatch(piece.in());
        OutputStream out =
            Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int read = read(piece.in(), buffer); read >= 0; read = read(piece.in(), buffer)) {
        watch.moved();
        all += read;
        if (all > size) {
          return all;
        }
        digest.update(buffer, 0, read);
        out.write(buffer, 0, read);
        onBytes.accept(read);
      }
    }
    return all;
  }

  /** The network's failures are not the disk's. */
  private static int read(InputStream in, byte[] buffer) throws StreamException {
    try {
      return in.read(buffer);
    } catch (IOException e) {
      throw new StreamException(e);
    }
  }

  private static final class StreamException extends IOException {
    private static final long serialVersionUID = 1L;

    StreamException(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }

  private OciException wrong(RegistryClient client, OciDescriptor blob, Path part, String instead)
      throws IOException {
    discard(part);
    return OciException.outside(
        client.registry()
            + " has for blob "
            + blob.digest()
            + " of "
            + blob.size()
            + " bytes "
            + instead
            + "; nothing was taken of it; have the image pushed again, or use another mirror");
  }

  private void discard(Path part) throws IOException {
    onBytes.accept(-size(part));
    Files.deleteIfExists(part);
  }

  private static long hash(Path part, MessageDigest digest) throws IOException {
    if (size(part) == 0) {
      return 0;
    }
    long all = 0;
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(part, LinkOption.NOFOLLOW_LINKS)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
        all += read;
      }
    }
    return all;
  }

  private static long size(Path part) throws IOException {
    return Files.isRegularFile(part, LinkOption.NOFOLLOW_LINKS) ? Files.size(part) : 0;
  }

  private static Duration longer(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
