package dev.mayfly.worker.daemon;

import dev.mayfly.worker.core.bundle.Bundles;
import dev.mayfly.worker.daemon.builds.ImageBuilds;
import dev.mayfly.worker.daemon.link.ImagePorts;

/** The images of a running worker: its cache, what is fetched in advance, and its builds. */
interface WorkerImages extends ImagePorts {

  Bundles bundles();

  ImageBuilds builds();

  /** Looks which bundles there are; true when that has changed. By one thread. */
  boolean refresh() throws InterruptedException;

  /** Begins to fetch in advance, and to build. */
  void start();

  /** Pulls and builds end; what has come of them stays. */
  void stop() throws InterruptedException;
}
