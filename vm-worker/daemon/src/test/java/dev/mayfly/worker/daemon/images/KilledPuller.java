package dev.mayfly.worker.daemon.images;

import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.Sha256;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process that pulls a bundle and stands still at the n-th point of that, having said so, until
 * it is killed. Arguments: directory, digest, the point's kind, how often it is passed before.
 */
final class KilledPuller {
  private KilledPuller() {}

  public static void main(String[] arguments) throws Exception {
    var root = Path.of(arguments[0]);
    var digest = Sha256.parse(arguments[1]);
    var point = PullObserver.Point.valueOf(arguments[2]);
    var left = new AtomicInteger(Integer.parseInt(arguments[3]));
    var world = new PulledBundles(root);
    world.connections(1);
    world.source().serve(BundleStore.open(root.resolve("theirs")), root.resolve("copies"));
    world.observe(
        new PullObserver() {
          @Override
          public void reached(Point reached, Sha256 of) {
            if (reached == point && left.getAndDecrement() == 0) {
              System.out.println("reached");
              System.out.flush();
              stand();
            }
          }

          @Override
          public void progressed() {}
        });
    world.open().acquire(new dev.mayfly.api.BundleDigest(digest.toString()), new Told()).close();
    System.out.println("pulled");
  }

  private static void stand() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException never) {
      Thread.currentThread().interrupt();
    }
  }
}
