package dev.mayfly.image.builder;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Packs the modules a guest may load on demand: an index of lines, one a module with what must be
 * loaded before it and the names it goes by, then the modules, each one LZ4 block, because they
 * stay in the guest's memory. The guest's side is {@code
 * image-builder/guest-agent/src/main/demand}.
 */
final class ModulePack {
  /** The guest's side takes no more. */
  static final int MAX_MODULES = 1024;

  /**
   * Names the kernel itself asks by. A wildcard is left only where it stands for a number, as in
   * {@code block-major-7-*}.
   */
  private static final Pattern REQUESTED = Pattern.compile("[A-Za-z0-9_.:+*-]{1,100}");

  /** Aliases a device manager asks by when a device has appeared; nobody does that in a guest. */
  private static final Pattern OF_DEVICES =
      Pattern.compile("(pci|usb|acpi|virtio|dmi|of|cpu|platform|vmbus|xen|i2c|devname):.*");

  private ModulePack() {}

  /**
   * The pack of all modules these patterns match and of what they depend on.
   *
   * @param atBoot paths of what is loaded by then, and so needs not be in it
   * @param alsoCalled further names by module
   */
  static byte[] of(
      KernelModules modules,
      List<String> atBoot,
      List<String> patterns,
      Map<String, List<String>> alsoCalled)
      throws BuildException, IOException {
    Set<String> wanted = new TreeSet<>();
    for (String pattern : patterns) {
      wanted.addAll(modules.matching(pattern));
    }
    List<String> paths = new ArrayList<>(modules.loadOrder(List.copyOf(wanted)));
    paths.removeAll(atBoot);
    if (paths.size() > MAX_MODULES) {
      throw new BuildException("more than " + MAX_MODULES + " modules are to be had on demand");
    }
    Map<String, Integer> lineOf = new HashMap<>();
    StringBuilder index = new StringBuilder("mayfly-modules " + paths.size() + " \n");
    ByteArrayOutputStream blocks = new ByteArrayOutputStream();
    for (String path : paths) {
      String name = KernelModules.nameOf(path);
      List<String> before = new ArrayList<>(modules.loadOrder(List.of(name)));
      before.removeAll(atBoot);
      before.remove(path);
      byte[] image = modules.image(path);
      byte[] block = Lz4Block.pack(image);
      index.append(blocks.size()).append(' ').append(block.length).append(' ');
      index.append(image.length).append(' ');
      index.append(
          before.isEmpty()
              ? "-"
              : String.join(",", before.stream().map(p -> String.valueOf(lineOf.get(p))).toList()));
      names(name, modules.aliases(path), alsoCalled.getOrDefault(name, List.of()))
          .forEach(each -> index.append(' ').append(each));
      index.append('\n');
      lineOf.put(path, lineOf.size());
      blocks.writeBytes(block);
    }
    ByteArrayOutputStream pack = new ByteArrayOutputStream();
    pack.writeBytes(index.toString().getBytes(StandardCharsets.US_ASCII));
    blocks.writeTo(pack);
    return pack.toByteArray();
  }

  private static Set<String> names(String name, List<String> aliases, List<String> alsoCalled) {
    Set<String> names = new LinkedHashSet<>();
    names.add(name);
    for (String alias : aliases) {
      if (REQUESTED.matcher(alias).matches() && !OF_DEVICES.matcher(alias).matches()) {
        names.add(KernelModules.canonical(alias));
      }
    }
    alsoCalled.forEach(each -> names.add(KernelModules.canonical(each)));
    return names;
  }
}
