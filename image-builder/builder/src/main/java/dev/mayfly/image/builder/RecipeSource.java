package dev.mayfly.image.builder;

import dev.mayfly.image.bundle.BundleManifest.Source;
import dev.mayfly.image.tree.FileView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The packages a recipe names, as mmdebstrap installs them. */
final class RecipeSource implements BuildSource {
  private final Recipe recipe;
  private final Source source;
  private final List<AptSources.Entry> sources;

  RecipeSource(Recipe recipe, List<AptSources.Entry> sources) {
    this(recipe, source(recipe), sources);
  }

  /**
   * @param source what the bundle says it was made of, where that is not a recipe's name
   */
  RecipeSource(Recipe recipe, Source source, List<AptSources.Entry> sources) {
    this.recipe = recipe;
    this.source = source;
    this.sources = List.copyOf(sources);
  }

  /** Names the recipe by its own bytes. */
  static Source source(Recipe recipe) {
    return new Source("recipe", recipe.name(), recipe.sha256());
  }

  @Override
  public Source identify() {
    return source;
  }

  @Override
  public SourceContents fetch(BuildRoom room)
      throws BuildException, InterruptedException, IOException {
    List<Tool> tools = new ArrayList<>(List.of(Tool.APT, Tool.MMDEBSTRAP, Tool.UNSHARE));
    // Minutes before they are needed: a bootstrap takes long.
    tools.addAll(RootfsImage.tools(room.root()));
    Tool.require(room.commands().path(), tools);
    Path archive = room.work().resolve("rootfs.tar");
    Bootstrap bootstrap = new Bootstrap(room.commands(), room.work());
    Bootstrap.Mode mode = bootstrap.mode(room.root());
    room.steps()
        .run(
            "packages",
            () -> {
              bootstrap.run(recipe, sources, mode, archive, line -> note(room.steps(), line));
              return archive;
            });
    new RecipeAdditions(recipe).append(archive, room);
    FileView records = ArchiveFiles.read(archive, InstalledPackages::wants);
    PackageRecord packages = files -> new InstalledPackages(recipe.name()).sbom(records);
    List<String> exclusions = new ArrayList<>();
    recipe.remove().forEach(path -> exclusions.add("." + path));
    return new SourceContents(
        new SystemFiles.TarArchive(archive, exclusions),
        recipe.architecture(),
        recipe.defaults(),
        identify(),
        recipe.epochSeconds(),
        false,
        packages);
  }

  /** "I: extracting archives..." and the like. */
  private static void note(Steps steps, String line) {
    if (line.startsWith("I: ") && line.endsWith("...")) {
      steps.note(line.substring(3, line.length() - 3));
    }
  }
}
