package dev.mayfly.image.bundle;

/** A manifest of an earlier program: its bundle is not broken, and of no use any more. */
final class OldSchemaException extends BundleFormatException {
  private static final long serialVersionUID = 1L;

  OldSchemaException(long schema) {
    super(
        "manifest member schema is "
            + schema
            + ", but this program reads "
            + BundleManifest.SCHEMA
            + ": build the image again");
  }
}
