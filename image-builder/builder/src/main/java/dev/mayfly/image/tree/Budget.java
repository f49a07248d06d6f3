package dev.mayfly.image.tree;

/** What all layers of one tree together may still cost. */
final class Budget {
  private static final String LESS =
      "use a smaller image; the limit protects this machine's memory and disk";

  private final TreeLimits limits;
  private int entries;
  private long bytes;
  private long metadata;

  Budget(TreeLimits limits) {
    this.limits = limits;
  }

  TreeLimits limits() {
    return limits;
  }

  long bytesLeft() {
    return limits.bytes() - bytes;
  }

  void takeEntry(Refusals refusals) throws TreeRefusedException {
    if (++entries > limits.entries()) {
      throw refusals.layer("brings the image to more than " + limits.entries() + " entries", LESS);
    }
  }

  void takeBytes(long more, Refusals refusals) throws TreeRefusedException {
    if (more > bytesLeft()) {
      throw refusals.layer("brings the image to more than " + limits.bytes() + " bytes", LESS);
    }
    bytes += more;
  }

  void takeMetadata(long more, Refusals refusals) throws TreeRefusedException {
    metadata += more;
    if (metadata > limits.metadataBytes()) {
      throw refusals.layer(
          "brings the names and attributes of the image to more than "
              + limits.metadataBytes()
              + " bytes",
          LESS);
    }
  }
}
