package greeting;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class GreetingTest {
  @Test
  void itNamesWhoIsGreeted() {
    assertEquals("Hello, microVM!", new Greeting("microVM").text());
  }
}
