package dev.mayfly.server.schedule;

import dev.mayfly.core.image.ImageNudges;
import dev.mayfly.core.image.ImageRefresh;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobExecutionContext;

/**
 * Asks for the builds that are due by their images' policies. Run by Quartz, on one orchestrator at
 * a time; what was due while none ran is due still.
 */
@DisallowConcurrentExecution
public class ImageRefreshJob implements Job {
  private final ImageRefresh refresh;
  private final ImageNudges nudges;

  ImageRefreshJob(ImageRefresh refresh, ImageNudges nudges) {
    this.refresh = refresh;
    this.nudges = nudges;
  }

  @Override
  public void execute(JobExecutionContext context) {
    if (refresh.request() > 0) {
      nudges.builds();
    }
  }
}
