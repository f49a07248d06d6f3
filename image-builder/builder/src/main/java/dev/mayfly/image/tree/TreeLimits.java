package dev.mayfly.image.tree;

/**
 * What a tree may cost, whoever has made its layers.
 *
 * @param layers of one tree; container engines refuse more than 127
 * @param entries of all layers together, and directories nobody named but which lie above one
 * @param bytes of all layers together once decompressed, holes of sparse files included
 * @param pathBytes of one path; Linux takes 4,096, and the work directory's own path goes before it
 * @param nameBytes of one part of a path; Linux takes 255, mkfs.erofs of erofs-utils 1.5 one less
 * @param headerBytes of one extended header: attributes of one file may have 64 KiB each
 * @param metadataBytes of all names, link targets and attributes together; they lie in memory
 * @param steps from directory to directory and along symbolic links; half a million entries ten
 *     deep take five million
 */
record TreeLimits(
    int layers,
    int entries,
    long bytes,
    int pathBytes,
    int nameBytes,
    int headerBytes,
    long metadataBytes,
    long steps) {
  static final TreeLimits STANDARD =
      new TreeLimits(500, 500_000, 64L << 30, 3_840, 254, 1 << 20, 256L << 20, 200_000_000L);
}
