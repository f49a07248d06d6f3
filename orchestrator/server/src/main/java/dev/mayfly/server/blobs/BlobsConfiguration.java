package dev.mayfly.server.blobs;

import dev.mayfly.core.image.BlobStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImageCollection;
import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.placement.Nudges;
import dev.mayfly.server.config.BlobSettings;
import dev.mayfly.server.config.OrchestratorSettings;
import dev.mayfly.server.config.SettingsException;
import java.io.IOException;
import java.time.InstantSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Where blobs are kept, and what keeps them in order. */
@Configuration(proxyBeanMethods = false)
public class BlobsConfiguration {

  @Bean
  BlobStore blobStore(OrchestratorSettings settings) {
    BlobSettings blobs = settings.blobs();
    BlobSettings.S3 s3 = blobs.s3();
    if (s3 != null) {
      return new S3BlobStore(S3Clients.client(s3), s3.bucket(), s3.prefix());
    }
    try {
      return FileBlobStore.open(blobs.directory());
    } catch (IOException failed) {
      throw new SettingsException(
          "mayfly.blobs.directory " + blobs.directory() + " cannot be used", failed);
    }
  }

  @Bean
  BundleDesk bundleDesk(
      BundleStore bundles,
      BlobStore blobs,
      Nudges placement,
      ImageNudges keep,
      InstantSource clock) {
    return new BundleDesk(bundles, blobs, placement, keep, clock);
  }

  @Bean
  ImageCollection imageCollection(BundleStore bundles, BlobStore blobs, InstantSource clock) {
    return new ImageCollection(bundles, blobs, clock);
  }
}
