package dev.mayfly.image.oci;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an image or another artifact consists of.
 *
 * @param layers lowest first
 * @param artifactType what it is where it is no image
 */
public record OciManifest(
    Optional<String> artifactType,
    OciDescriptor config,
    List<OciDescriptor> layers,
    Map<String, String> annotations) {
  public OciManifest {
    layers = List.copyOf(layers);
    annotations = Map.copyOf(annotations);
  }
}
