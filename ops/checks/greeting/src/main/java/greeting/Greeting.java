package greeting;

/** Greets. */
public record Greeting(String name) {
  /** The whole sentence. */
  public String text() {
    return "Hello, " + name + "!";
  }
}
