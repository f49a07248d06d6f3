package dev.mayfly.server.workers;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BlobStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.WantedImages;
import dev.mayfly.server.blobs.BundleDesk;
import dev.mayfly.server.config.OrchestratorSettings;
import java.time.InstantSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The files of bundles beside the worker link, and what workers should keep. */
@Configuration(proxyBeanMethods = false)
public class BlobLinkConfiguration {

  @Bean
  BlobsService blobsService(
      BlobStore blobs, BundleStore bundles, BundleDesk desk, OrchestratorSettings settings) {
    return new BlobsService(blobs, bundles, desk, settings.blobs().maxBytes());
  }

  @Bean
  KeepReconciler keepReconciler(
      ConnectedWorkers connected, WantedImages images, WorkerStore workers, InstantSource clock) {
    return new KeepReconciler(connected, images, workers, clock);
  }
}
