package dev.mayfly.worker.daemon;

import dev.mayfly.worker.daemon.link.VmmFact;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the doctor found. Pure.
 *
 * @param accelerator in use; empty when no VMM works
 * @param bundles a line for each image name
 * @param images how the image cache and the builds are set up
 * @param missing what is needed and is not there, with what to do about it
 */
record HostReport(
    String hostKernel,
    String architecture,
    String accelerator,
    List<VmmFact> vmms,
    int freeMemoryMib,
    int freeDiskMib,
    List<String> bundles,
    List<String> images,
    List<String> missing) {

  HostReport {
    vmms = List.copyOf(vmms);
    bundles = List.copyOf(bundles);
    images = List.copyOf(images);
    missing = List.copyOf(missing);
  }

  /** Lines for people. */
  List<String> lines() {
    var lines = new ArrayList<String>();
    lines.add("host        kernel " + hostKernel + ", " + architecture);
    for (var vmm : vmms) {
      lines.add(
          "vmm         "
              + vmm.name()
              + " "
              + vmm.version()
              + " with "
              + vmm.accelerator()
              + ": "
              + (vmm.usable() ? "works" : "does not work")
              + " ("
              + vmm.reason()
              + ")");
    }
    lines.add("accelerator " + (accelerator.isEmpty() ? "none" : accelerator));
    lines.add("memory      " + freeMemoryMib + " MiB available");
    lines.add("disk        " + freeDiskMib + " MiB free");
    bundles.forEach(bundle -> lines.add("image       " + bundle));
    images.forEach(setting -> lines.add("images      " + setting));
    missing.forEach(what -> lines.add("MISSING     " + what));
    if (missing.isEmpty()) {
      lines.add("Everything a worker needs is here.");
    }
    return lines;
  }

  /** The same as one JSON object. */
  String json() {
    var vmmObjects =
        vmms.stream()
            .map(vmm ->
                object(
                    List.of(
                        Map.entry("name", quoted(vmm.name())),
                        Map.entry("version", quoted(vmm.version())),
                        Map.entry("accelerator", quoted(vmm.accelerator())),
                        Map.entry("usable", String.valueOf(vmm.usable())),
                        Map.entry("reason", quoted(vmm.reason())))))
            .toList();
    return object(
        List.of(
            Map.entry("hostKernel", quoted(hostKernel)),
            Map.entry("architecture", quoted(architecture)),
            Map.entry("accelerator", quoted(accelerator)),
            Map.entry("vmms", "[" + String.join(",", vmmObjects) + "]"),
            Map.entry("freeMemoryMib", String.valueOf(freeMemoryMib)),
            Map.entry("freeDiskMib", String.valueOf(freeDiskMib)),
            Map.entry("bundles", strings(bundles)),
            Map.entry("images", strings(images)),
            Map.entry("missing", strings(missing))));
  }

  private static String strings(List<String> values) {
    return "[" + String.join(",", values.stream().map(HostReport::quoted).toList()) + "]";
  }

  private static String object(List<Map.Entry<String, String>> members) {
    return "{"
        + String.join(
            ",",
            members.stream()
                .map(member -> quoted(member.getKey()) + ":" + member.getValue())
                .toList())
        + "}";
  }

  private static String quoted(String text) {
    var quoted = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
