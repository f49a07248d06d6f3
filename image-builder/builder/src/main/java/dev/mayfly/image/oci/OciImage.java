package dev.mayfly.image.oci;

import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.tree.Layer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An image whose files are on this machine.
 *
 * @param digest of its manifest, or of its configuration where it came without a manifest
 * @param layers lowest first
 */
public record OciImage(Sha256 digest, OciImageConfig config, List<Layer> layers) {
  public OciImage {
    layers = List.copyOf(layers);
  }

  /**
   * Joins the layers' files with what the configuration says of them.
   *
   * @param what the image, for errors
   * @throws OciException when the configuration is for another machine or other layers
   */
  public static OciImage of(
      String what, Sha256 digest, OciImageConfig config, List<Path> files, OciPlatform here)
      throws OciException {
    if (!here.runs(config.platform())) {
      throw OciException.wrong(
          what + " is for " + config.platform() + ", and this machine is " + here);
    }
    if (files.size() != config.diffIds().size()) {
      throw OciException.wrong(
          what
              + " is malformed: it has "
              + files.size()
              + " layers and its configuration names "
              + config.diffIds().size());
    }
    if (files.isEmpty()) {
      throw OciException.wrong(what + " has no layer, so there is nothing to run in it");
    }
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      layers.add(
          Layer.ofImage(
              "layer " + (i + 1) + " of " + files.size() + " of " + what,
              files.get(i),
              config.diffIds().get(i)));
    }
    return new OciImage(digest, config, layers);
  }
}
