package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.bundle.Sha256;
import dev.mayfly.image.oci.OciException;
import dev.mayfly.image.oci.OciImage;
import dev.mayfly.image.registry.RegistryPull;
import dev.mayfly.image.source.RegistryReference;
import java.io.IOException;
import java.util.Optional;

/** An image in a registry. */
final class RegistrySource implements BuildSource {
  private static final String KIND = "registry";

  private final RegistryReference reference;
  private final RegistryPull pull;
  private Optional<Sha256> resolved = Optional.empty();

  RegistrySource(RegistryReference reference, RegistryPull pull) {
    this.reference = reference;
    this.pull = pull;
  }

  @Override
  public boolean isNamedLike(Source before) {
    return before.kind().equals(KIND) && before.reference().equals(reference.toString());
  }

  /** Asks the registry once; what it answers is what {@link #fetch} fetches, and no later image. */
  @Override
  public Source identify() throws BuildException, InterruptedException, IOException {
    try {
      Sha256 digest = resolved.isPresent() ? resolved.get() : pull.resolve(reference);
      resolved = Optional.of(digest);
      return new Source(KIND, reference.toString(), digest);
    } catch (OciException e) {
      throw OciContents.failed(e);
    }
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    Source source = identify();
    try {
      OciImage image = room.steps().run("pull", () -> pull.pull(reference.pinned(source.digest())));
      return OciContents.of(image, source);
    } catch (OciException e) {
      throw OciContents.failed(e);
    }
  }
}
