package dev.mayfly.server.http;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.WorkerId;
import dev.mayfly.api.WorkerPoolName;
import dev.mayfly.api.rest.BundleContentView;
import dev.mayfly.api.rest.BundleOnWorkerView;
import dev.mayfly.api.rest.ImagePolicyView;
import dev.mayfly.api.rest.ImageVersionView;
import dev.mayfly.api.rest.ImageView;
import dev.mayfly.core.fleet.FleetView;
import dev.mayfly.core.fleet.Worker;
import dev.mayfly.core.fleet.WorkerState;
import dev.mayfly.core.fleet.WorkerStore;
import dev.mayfly.core.image.BundleOnWorker;
import dev.mayfly.core.image.BundleOnWorker.State.Failed;
import dev.mayfly.core.image.BundleOnWorker.State.Pulling;
import dev.mayfly.core.image.BundleOnWorkerStore;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.ImagePolicyStore;
import dev.mayfly.core.image.ImageStore;
import dev.mayfly.core.image.ImageVersion;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.image.bundle.BundleManifest;
import dev.mayfly.image.bundle.BundleManifest.Rootfs;
import dev.mayfly.server.blobs.Manifests;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Shows images, their history and their policies as REST records. */
class ImageViews {
  private final ImageStore images;
  private final ImagePolicyStore policies;
  private final BundleStore bundles;
  private final BundleOnWorkerStore onWorkers;
  private final WorkerStore workers;

  ImageViews(
      ImageStore images,
      ImagePolicyStore policies,
      BundleStore bundles,
      BundleOnWorkerStore onWorkers,
      WorkerStore workers) {
    this.images = images;
    this.policies = policies;
    this.bundles = bundles;
    this.onWorkers = onWorkers;
    this.workers = workers;
  }

  ImageView view(Image image) {
    return views(List.of(image)).getFirst();
  }

  /** Some questions for all of them together. */
  List<ImageView> views(List<Image> shown) {
    Set<BundleDigest> digests = shown.stream().map(Image::bundle).collect(Collectors.toSet());
    Map<ImageRef, Integer> numbers = images.numbers(shown.stream().map(Image::name).toList());
    Map<BundleDigest, StoredBundle> stored = new HashMap<>();
    bundles.find(digests).forEach(bundle -> stored.put(bundle.digest(), bundle));
    Holders holders = holders(digests);
    Map<ImageRef, ImagePolicy> kept = new HashMap<>();
    for (Image image : shown) {
      policies.find(image.name()).ifPresent(policy -> kept.put(image.name(), policy));
    }
    return shown.stream()
        .map(image -> {
          StoredBundle bundle = stored.get(image.bundle());
          ImagePolicy policy = kept.get(image.name());
          return new ImageView(
              image.name().value(),
              image.bundle().value(),
              image.architecture(),
              image.sizeBytes(),
              Views.time(image.publishedAt()),
              numbers.getOrDefault(image.name(), 1),
              holders.ready(image.bundle()),
              bundle != null,
              bundle == null ? null : content(bundle),
              policy == null ? null : policy(policy),
              holders.all(image.bundle()));
        })
        .toList();
  }

  List<ImageVersionView> versions(ImageRef name, List<ImageVersion> versions) {
    Set<BundleDigest> servable =
        bundles.servable(versions.stream().map(version -> version.image().bundle()).toList());
    int current = images.numbers(List.of(name)).getOrDefault(name, 0);
    return versions.stream()
        .map(version ->
            new ImageVersionView(
                name.value(),
                version.number(),
                version.image().bundle().value(),
                version.image().architecture(),
                version.image().sizeBytes(),
                version.cause().name(),
                Views.time(version.image().publishedAt()),
                version.number() == current,
                servable.contains(version.image().bundle())))
        .toList();
  }

  static ImagePolicyView policy(ImagePolicy policy) {
    return new ImagePolicyView(
        policy.image().value(),
        policy.source().orElse(null),
        policy.kernel().orElse(null),
        policy.refreshCron().orElse(null),
        policy.watch().map(watch -> Math.toIntExact(watch.toSeconds())).orElse(null),
        policy.keep(),
        policy.pinned(),
        policy.prepullPools().stream().map(WorkerPoolName::value).sorted().toList(),
        policy.lastWatchedAt().map(Views::time).orElse(null),
        policy.lastRefreshedAt().map(Views::time).orElse(null));
  }

  /** Nothing when its manifest is of a schema that this program does not read. */
  static @Nullable BundleContentView content(StoredBundle bundle) {
    Optional<BundleManifest> manifest = Manifests.read(bundle);
    return manifest.map(read -> content(bundle, read)).orElse(null);
  }

  private static BundleContentView content(StoredBundle bundle, BundleManifest manifest) {
    BundleManifest.Source source = manifest.provenance().source();
    return new BundleContentView(
        manifest.guest().name(),
        manifest.kernel().release(),
        manifest.kernel().flavour(),
        manifest.kernel().file().size(),
        manifest.rootfs().map(Rootfs::file).map(BundleManifest.BundleFile::size).orElse(null),
        source.kind() + ":" + source.reference(),
        source.digest().toString(),
        manifest.provenance().builderVersion(),
        List.copyOf(bundle.signatures().keySet()));
  }

  /** Who has what of some bundles. */
  Holders holders(Collection<BundleDigest> digests) {
    return new Holders(workers.fleet(), onWorkers.find(digests));
  }

  /** What workers have of bundles, at one instant. */
  record Holders(FleetView fleet, Map<WorkerId, List<BundleOnWorker>> states) {

    /** Names of the workers that have it ready. */
    List<String> ready(BundleDigest bundle) {
      return fleet.members().stream()
          .map(FleetView.Member::worker)
          .filter(worker -> worker.bundles().contains(bundle))
          .map(Worker::name)
          .toList();
    }

    /** Every worker that has not left and has anything of it. */
    List<BundleOnWorkerView> all(BundleDigest bundle) {
      List<BundleOnWorkerView> views = new ArrayList<>();
      for (FleetView.Member member : fleet.members()) {
        Worker worker = member.worker();
        if (worker.state() == WorkerState.LEFT || worker.state() == WorkerState.LOST) {
          continue;
        }
        if (worker.bundles().contains(bundle)) {
          views.add(new BundleOnWorkerView(worker.name(), "READY", null, null, null, null));
        } else {
          states.getOrDefault(worker.id(), List.of()).stream()
              .filter(state -> state.bundle().equals(bundle))
              .map(state -> view(worker, state))
              .forEach(views::add);
        }
      }
      return views;
    }

    private static BundleOnWorkerView view(Worker worker, BundleOnWorker state) {
      return switch (state.state()) {
        case Pulling(long done, long total) ->
            new BundleOnWorkerView(
                worker.name(), "PULLING", done, total, null, Views.time(state.since()));
        case Failed(String reason) ->
            new BundleOnWorkerView(
                worker.name(), "FAILED", null, null, reason, Views.time(state.since()));
      };
    }
  }
}
