package dev.mayfly.cli;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.rest.BundleContentView;
import dev.mayfly.api.rest.BundleFileView;
import dev.mayfly.api.rest.BundleOnWorkerView;
import dev.mayfly.api.rest.BundleView;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.client.ImageJson;
import dev.mayfly.client.MayflyClient;
import dev.mayfly.client.json.JsonWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows all about an image, or about a bundle. */
@Command(
    name = "inspect",
    description = "Show all about an image, or about the bundle of a digest.",
    sortOptions = false)
final class ImageInspectCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin HelpOption help = new HelpOption();

  @Option(names = "--json", description = "print it as JSON")
  boolean json;

  @Option(names = "--manifest", description = "print the bundle's manifest instead")
  boolean manifest;

  @Parameters(paramLabel = "NAME|DIGEST", description = "for example debian:12, or sha256:…")
  String which = "";

  ImageInspectCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws CommandFailed, IOException, InterruptedException {
    MayflyClient client = new Connection(surroundings).client();
    ImageView image = null;
    String digest = which;
    if (!which.startsWith("sha256:")) {
      ImageRef name = ImageArgument.of(which);
      image = client.image(name).orElseThrow(() -> ImageArgument.none(name));
      digest = image.bundleDigest();
    }
    BundleView bundle = client.imageClient().bundle(digest(digest)).orElse(null);
    if (image == null && bundle == null) {
      throw new CommandFailed(ExitCode.REFUSED, "there is no bundle " + which);
    }
    surroundings.output().print(text(image, bundle));
    return ExitCode.OK.code();
  }

  private String text(@Nullable ImageView image, @Nullable BundleView bundle) throws CommandFailed {
    if (manifest) {
      String text = bundle == null ? null : bundle.manifest();
      if (text == null) {
        throw new CommandFailed(
            ExitCode.REFUSED, "the orchestrator does not have this bundle: only workers do");
      }
      return text + "\n";
    }
    if (json) {
      return JsonWriter.write(image != null ? ImageJson.of(image) : ImageJson.of(given(bundle)))
          + "\n";
    }
    StringBuilder text = new StringBuilder();
    if (image != null) {
      describe(text, image);
    }
    if (bundle != null) {
      describe(text, bundle, image == null);
    }
    return text.toString();
  }

  private static BundleView given(@Nullable BundleView bundle) {
    if (bundle == null) {
      throw new IllegalStateException("neither an image nor a bundle");
    }
    return bundle;
  }

  private static void describe(StringBuilder text, ImageView image) {
    Tables.line(text, "image", image.name());
    Tables.line(text, "version", image.version() + ", published " + image.publishedAt());
    Tables.line(text, "bundle", image.bundleDigest() + " " + image.architecture());
    Tables.line(text, "size", Tables.size(image.sizeBytes()));
    ImagePolicyView policy = image.policy();
    if (policy != null) {
      text.append(ImagePolicyCommand.describe(policy));
    }
    if (!image.servable()) {
      Tables.line(text, "served", "no: only workers have it; mayfly image publish " + image.name());
    }
  }

  private static void describe(StringBuilder text, BundleView bundle, boolean alone) {
    if (alone) {
      Tables.line(text, "bundle", bundle.digest() + " " + bundle.architecture());
      Tables.line(text, "built for", bundle.name());
      Tables.line(
          text, "names", bundle.images().isEmpty() ? "none" : String.join(", ", bundle.images()));
      Long size = bundle.sizeBytes();
      Tables.line(text, "size", size == null ? null : Tables.size(size));
    }
    BundleContentView content = bundle.content();
    if (content != null) {
      Tables.line(text, "made of", content.source() + ", " + content.sourceDigest());
      Tables.line(
          text,
          "kernel",
          content.kernelRelease()
              + " ("
              + content.kernelFlavour()
              + "), "
              + Tables.size(content.kernelBytes()));
      Long rootfs = content.rootfsBytes();
      Tables.line(text, "root disk", rootfs == null ? "none" : Tables.size(rootfs));
      Tables.line(text, "guest", content.guest().toLowerCase(Locale.ROOT));
      Tables.line(text, "builder", content.builderVersion());
      Tables.line(
          text,
          "signed by",
          content.signatureKeys().isEmpty()
              ? "nobody"
              : String.join(", ", content.signatureKeys()));
    }
    for (BundleOnWorkerView worker : bundle.workers()) {
      String state = ImagesCommand.state(worker);
      Tables.line(text, "on worker", worker.worker() + " " + (state.isEmpty() ? "ready" : state));
    }
    List<List<String>> files = new ArrayList<>();
    files.add(List.of("FILE", "SIZE", "DIGEST"));
    for (BundleFileView file : bundle.files()) {
      files.add(List.of(file.name(), Tables.size(file.sizeBytes()), file.blobDigest()));
    }
    if (!bundle.files().isEmpty()) {
      text.append('\n').append(Tables.of(files));
    }
  }

  private static BundleDigest digest(String text) throws CommandFailed {
    try {
      return new BundleDigest(text);
    } catch (IllegalArgumentException wrong) {
      throw new CommandFailed(ExitCode.USAGE, "'" + text + "': " + wrong.getMessage());
    }
  }
}
