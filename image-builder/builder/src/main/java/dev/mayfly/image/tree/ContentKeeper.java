package dev.mayfly.image.tree;

import java.io.IOException;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/** Leaves contents where they are in a layer that is not compressed, and spools all others. */
final class ContentKeeper {
  private final Layer layer;
  private final LayerInput in;
  private final Spool spool;
  private @Nullable FileChannel kept;

  ContentKeeper(Layer layer, LayerInput in, Spool spool) {
    this.layer = layer;
    this.in = in;
    this.spool = spool;
  }

  Content keep(TarReader reader, TarEntry entry) throws IOException, TreeRefusedException {
    if (entry.sparse().isPresent()) {
      return spool.copy(reader, entry.sparse().get());
    }
    if (!in.isPlain()) {
      return spool.copy(reader);
    }
    FileChannel file = kept;
    if (file == null) {
      file = spool.keep(layer.file());
      kept = file;
    }
    return new Content(file, in.position(), entry.size());
  }
}
