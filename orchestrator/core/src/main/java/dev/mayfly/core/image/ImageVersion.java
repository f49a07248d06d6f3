package dev.mayfly.core.image;

/**
 * What a name pointed to, and since when ({@link Image#publishedAt}). The newest version is what it
 * points to now.
 *
 * @param number from 1 per name
 */
public record ImageVersion(int number, Image image, PublicationCause cause) {
  public ImageVersion {
    if (number < 1) {
      throw new IllegalArgumentException("number is not positive");
    }
  }
}
