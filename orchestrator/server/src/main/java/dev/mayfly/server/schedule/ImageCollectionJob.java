package dev.mayfly.server.schedule;

import dev.mayfly.core.image.ImageCollection;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobExecutionContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes versions, bundles and blobs that nobody needs. Run by Quartz, nightly. */
@DisallowConcurrentExecution
public class ImageCollectionJob implements Job {

  /** Bounds one run; the next takes the rest. */
  private static final Duration LONGEST = Duration.ofMinutes(30);

  private static final Logger log = LoggerFactory.getLogger(ImageCollectionJob.class);

  private final ImageCollection collection;
  private final InstantSource clock;

  ImageCollectionJob(ImageCollection collection, InstantSource clock) {
    this.collection = collection;
    this.clock = clock;
  }

  @Override
  public void execute(JobExecutionContext context) {
    Instant until = clock.instant().plus(LONGEST);
    boolean complete = false;
    while (!complete && clock.instant().isBefore(until)) {
      ImageCollection.Collected collected = collection.collect();
      complete = collected.complete();
      log.atInfo()
          .addKeyValue("versions", collected.versions())
          .addKeyValue("bundles", collected.bundles().size())
          .addKeyValue("blobs", collected.blobs())
          .addKeyValue("bytes", collected.bytes())
          .log("Removed images nobody needs");
    }
  }
}
