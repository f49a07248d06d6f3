package dev.mayfly.client;

import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.ImageBuildLogView;
import dev.mayfly.api.rest.ImageBuildRequest;
import dev.mayfly.api.rest.ImageBuildView;
import dev.mayfly.client.Calls.Call;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Builds of images on workers. Every call may be repeated without harm and throws as {@link
 * MayflyClient}'s do. Safe for use by several threads.
 */
public final class ImageBuildClient {
  private static final String BUILDS = "/api/v1/image-builds";

  private final MayflyClient client;
  private final Calls calls;

  ImageBuildClient(MayflyClient client, Calls calls) {
    this.client = client;
    this.calls = calls;
  }

  /**
   * Asks for a build; the one that is under way when there is one of that name, maybe of another
   * source.
   */
  public ImageBuildView request(ImageBuildRequest request)
      throws MayflyException, InterruptedException {
    return client.successful(
        client.send("POST", BUILDS, ImageBuildJson.of(request)), ImageBuildJson::imageBuildView);
  }

  /**
   * A build and what its builder said; nothing when there is none of that id.
   *
   * @param cursor lines after those that were answered with it; null: from the first
   */
  public Optional<ImageBuildLogView> build(String id, @Nullable String cursor)
      throws MayflyException, InterruptedException {
    String query = new MayflyClient.Query().add("cursor", cursor).text();
    return client.optional(
        calls.send(Call.get(BUILDS + "/" + id + query)), ImageBuildJson::imageBuildLogView);
  }

  /**
   * Builds, newest first; old ones are removed after 30 days.
   *
   * @param image null: of all images
   */
  public List<ImageBuildView> list(@Nullable ImageRef image)
      throws MayflyException, InterruptedException {
    return client.allPages(
        BUILDS,
        new MayflyClient.Query().add("image", image == null ? null : image.value()),
        ImageBuildJson::imageBuildView);
  }

  /**
   * Cancels a build; one that has ended is left as it is. Jobs that wait for it end, unless their
   * name points to a bundle. Nothing when there is none of that id.
   */
  public Optional<ImageBuildView> cancel(String id) throws MayflyException, InterruptedException {
    return client.optional(
        client.send("DELETE", BUILDS + "/" + id, null), ImageBuildJson::imageBuildView);
  }
}
