package dev.mayfly.worker.daemon.link;

import dev.mayfly.api.worker.v1.BundleState;
import dev.mayfly.api.worker.v1.BundleStates;
import dev.mayfly.api.worker.v1.KeepBundles;
import dev.mayfly.api.worker.v1.PullFailed;
import dev.mayfly.api.worker.v1.Pulling;
import dev.mayfly.api.worker.v1.WorkerMessage;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.worker.daemon.images.PullState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one connection carries about bundles that are not here. Owned by the link's thread. Forgets
 * with its connection what it has sent.
 */
final class ImageTraffic {
  /** Of the wire contract. */
  static final Duration AT_MOST_EVERY = Duration.ofSeconds(1);

  private static final int MAX_REASON = 500;
  private static final int MAX_WANTED = 1024;
  private static final Logger log = LoggerFactory.getLogger(ImageTraffic.class);

  private final ImagePorts images;
  private List<PullState> sent = List.of();
  private OptionalLong sentAt = OptionalLong.empty();

  ImageTraffic(ImagePorts images) {
    this.images = images;
  }

  void keep(KeepBundles message) {
    images.keep(digests(message.getDigestsList()), digests(message.getPinnedList()));
  }

  private static List<Sha256> digests(List<String> texts) {
    var digests = new ArrayList<Sha256>();
    for (var text : texts.subList(0, Math.min(texts.size(), MAX_WANTED))) {
      try {
        digests.add(Sha256.parse(text));
      } catch (IllegalArgumentException invalid) {
        log.atWarn()
            .addKeyValue("reason", invalid.getMessage())
            .log("Digest of a bundle to keep was not valid");
      }
    }
    return digests;
  }

  /** What has changed since it was last said, when it may be said again. */
  Optional<WorkerMessage> next(long now) {
    var states = images.states();
    if (states.equals(sent) || waits(now)) {
      return Optional.empty();
    }
    sent = states;
    sentAt = OptionalLong.of(now);
    var message = BundleStates.newBuilder();
    states.forEach(state -> message.addStates(state(state)));
    return Optional.of(WorkerMessage.newBuilder().setBundleStates(message).build());
  }

  /** When to look again, because something waits to be said; empty: nothing does. */
  OptionalLong due(long now) {
    return waits(now) && !images.states().equals(sent)
        ? OptionalLong.of(sentAt.getAsLong() + AT_MOST_EVERY.toNanos())
        : OptionalLong.empty();
  }

  private boolean waits(long now) {
    return sentAt.isPresent() && now - sentAt.getAsLong() < AT_MOST_EVERY.toNanos();
  }

  private static BundleState state(PullState state) {
    var message = BundleState.newBuilder().setDigest(state.digest().toString());
    switch (state) {
      case PullState.Pulling(var digest, var done, var total) ->
          message.setPulling(Pulling.newBuilder().setBytesDone(done).setBytesTotal(total));
      case PullState.Failed(var digest, var reason) ->
          message.setFailed(
              PullFailed.newBuilder()
                  .setReason(reason.substring(0, Math.min(reason.length(), MAX_REASON))));
    }
    return message.build();
  }
}
