package dev.mayfly.image.builder;

/** Which kernel an image is given. */
enum KernelChoice {
  /** The distribution's own: minutes saved, and every module it has. */
  STOCK,
  /** Ours, built from the distribution's source: boots faster, needs less memory and no ACPI. */
  MINIMAL
}
