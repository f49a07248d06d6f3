package dev.mayfly.server.http;

import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleOnWorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.ScheduleForm;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** REST of images, bundles and blobs. */
@Configuration(proxyBeanMethods = false)
@Import({
  ImageController.class,
  ImageHistoryController.class,
  ImagePolicyController.class,
  BundleController.class,
  ImageBuildController.class,
  BlobController.class
})
public class ImageHttpConfiguration {

  @Bean
  ImageViews imageViews(
      ImageStore images,
      ImagePolicyStore policies,
      BundleStore bundles,
      BundleOnWorkerStore onWorkers,
      WorkerStore workers) {
    return new ImageViews(images, policies, bundles, onWorkers, workers);
  }

  @Bean
  ImagePolicyCheck imagePolicyCheck(ScheduleForm schedules) {
    return new ImagePolicyCheck(schedules);
  }
}
