package dev.mayfly.worker.daemon.builds;

import dev.mayfly.image.bundle.BundleStore;
import dev.mayfly.image.bundle.SampleBundles;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;

/** A program that takes the image builder's arguments, and does what the image's name says. */
final class ScriptedBuilder {
  private ScriptedBuilder() {}

  public static void main(String[] arguments) throws Exception {
    var words = List.of(arguments);
    if (words.getFirst().equals("resolve")) {
      System.out.println("sha256:" + "5".repeat(64));
      return;
    }
    var name = value(words, "--name");
    step("Fetching " + value(words, "--from"), "started", "");
    switch (name) {
      case "hangs" -> {
        step("standing still", "started", "");
        new CountDownLatch(1).await();
      }
      case "fails" -> {
        System.out.println("{\"error\":\"no such tag\",\"blame\":\"USER\"}");
        System.exit(1);
      }
      case "crashes" -> {
        System.err.println("out of disk");
        System.exit(3);
      }
      case "tells" ->
          step("environment", "noted", String.join(" ", new TreeSet<>(System.getenv().keySet())));
      default -> step(String.join(" ", words), "finished", "");
    }
    var home = Path.of(value(words, "--home"));
    var store = BundleStore.open(home.resolve("images"));
    var bundle = SampleBundles.publish(store, home.resolve("images/work"), name, "one");
    System.out.println("rubbish that says nothing");
    System.out.println("{\"bundle\":\"" + bundle.digest() + "\",\"built\":true}");
  }

  private static String value(List<String> words, String option) {
    return words.stream()
        .filter(word -> word.startsWith(option + "="))
        .map(word -> word.substring(option.length() + 1))
        .findFirst()
        .orElse("");
  }

  private static void step(String step, String state, String detail) {
    System.out.println(
        "{\"step\":\"" + step + "\",\"state\":\"" + state + "\",\"detail\":\"" + detail + "\"}");
    System.out.flush();
  }
}
