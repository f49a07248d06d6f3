package dev.mayfly.client.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.client.json.JsonValue.JsonArray;
import dev.mayfly.client.json.JsonValue.JsonBoolean;
import dev.mayfly.client.json.JsonValue.JsonNull;
import dev.mayfly.client.json.JsonValue.JsonNumber;
import dev.mayfly.client.json.JsonValue.JsonObject;
import dev.mayfly.client.json.JsonValue.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

  @Test
  void aDocumentOfEveryKindIsRead() throws Exception {
    assertThat(
            JsonReader.read(
                " {\"a\" : [1, -0.5e+3, true,false , null], \"\":{} ,\"t\":\"x\\n\\u00e4\\/\"} \r\n"))
        .isEqualTo(
            new JsonObject(
                Map.of(
                    "a",
                    new JsonArray(
                        List.of(
                            new JsonNumber("1"),
                            new JsonNumber("-0.5e+3"),
                            new JsonBoolean(true),
                            new JsonBoolean(false),
                            JsonNull.NULL)),
                    "",
                    new JsonObject(Map.of()),
                    "t",
                    new JsonText("x\nä/"))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "1 2",
        "nul",
        "nulll",
        "True",
        "NaN",
        "Infinity",
        "-",
        "+1",
        ".5",
        "5.",
        "1e",
        "1e+",
        "01",
        "-01",
        "0x1",
        "1_000",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\u\u0661\u0662\u0663\u0664\"",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\u0000\"",
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\udc00\"",
        "\"\\ud800\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\ufeff1",
        "/*c*/1",
        "1//c",
        "[1\u00a0]",
        "]",
        "}",
        "[1}",
        "{\"a\":1]",
      })
  void whatIsNotJsonIsRefused(String text) {
    assertThatThrownBy(() -> JsonReader.read(text)).isInstanceOf(MalformedJson.class);
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    byte[][] nasty = {
      {'"', (byte) 0xff, '"'},
      {'"', (byte) 0xc0, (byte) 0x80, '"'}, // overlong NUL
      {'"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"'}, // a surrogate in UTF-8
      {'"', (byte) 0xe2, (byte) 0x82, '"'}, // cut short
      {'"', (byte) 0xf5, (byte) 0x80, (byte) 0x80, (byte) 0x80, '"'}, // above U+10FFFF
      {(byte) 0xef, (byte) 0xbb, (byte) 0xbf, '1'}, // byte order mark
      {1, 0},
    };
    for (byte[] bytes : nasty) {
      assertThatThrownBy(() -> JsonReader.read(bytes)).isInstanceOf(MalformedJson.class);
    }
  }

  @Test
  void depthIsBounded() throws Exception {
    String deepest = "[".repeat(JsonReader.MAX_DEPTH) + "1" + "]".repeat(JsonReader.MAX_DEPTH);
    JsonReader.read(deepest);
    assertThatThrownBy(() -> JsonReader.read("[" + deepest + "]"))
        .isInstanceOf(MalformedJson.class)
        .hasMessageContaining("nested deeper than 64");
    assertThatThrownBy(() -> JsonReader.read("{\"a\":".repeat(1_000_000)))
        .isInstanceOf(MalformedJson.class);
  }

  @Test
  void depthCountsOnlyWhatIsOpen() throws Exception {
    assertThat(JsonReader.read("[" + "[],{},".repeat(1000) + "[]]")).isInstanceOf(JsonArray.class);
  }

  @Test
  void lengthOfNumbersIsBounded() {
    assertThatThrownBy(() -> JsonReader.read("1".repeat(JsonReader.MAX_NUMBER_LENGTH + 1)))
        .isInstanceOf(MalformedJson.class)
        .hasMessageContaining("longer than 64");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "9223372036854775808",
        "-9223372036854775809",
        "0.5",
        "1e19",
        "1e999999999",
        "1e99999999999999",
        "1e-999999999",
        "1e-1"
      })
  void aNumberThatIsNoLongIsRefusedQuickly(String literal) throws Exception {
    JsonFields fields = JsonFields.of(JsonReader.read("{\"n\":" + literal + "}"));
    assertThatThrownBy(() -> fields.longNumber("n"))
        .isInstanceOf(MalformedJson.class)
        .hasMessageStartingWith("n is not a whole number");
  }

  @Test
  void wholeNumbersAreExact() throws Exception {
    JsonFields fields =
        JsonFields.of(
            JsonReader.read(
                "{\"most\":9223372036854775807,\"least\":-9223372036854775808,\"e\":1.5e1,\"z\":-0}"));
    assertThat(fields.longNumber("most")).isEqualTo(Long.MAX_VALUE);
    assertThat(fields.longNumber("least")).isEqualTo(Long.MIN_VALUE);
    assertThat(fields.integer("e")).isEqualTo(15);
    assertThat(fields.integer("z")).isZero();
    assertThatThrownBy(() -> fields.integer("most")).hasMessage("most does not fit in 32 bits");
  }

  @Test
  void surrogatePairsSurviveInEveryForm() throws Exception {
    String mayfly = "🪰 \uD83D\uDE00";
    assertThat(JsonReader.read("\"\\ud83e\\udeb0 \\uD83D\\uDE00\""))
        .isEqualTo(new JsonText(mayfly));
    assertThat(JsonReader.read(("\"" + mayfly + "\"").getBytes(StandardCharsets.UTF_8)))
        .isEqualTo(new JsonText(mayfly));
    assertThat(JsonReader.read(JsonWriter.writeUtf8(new JsonText(mayfly))))
        .isEqualTo(new JsonText(mayfly));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "a\udc00b", "\udc00\ud800", "x\ud83e"})
  void aLoneSurrogateIsNotWritten(String text) {
    assertThatThrownBy(() -> JsonWriter.write(new JsonText(text)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void controlCharactersAreEscaped() {
    assertThat(JsonWriter.write(new JsonText("\u0000\b\t\n\f\r\u001b\"\\\u007f/")))
        .isEqualTo("\"\\u0000\\u0008\\t\\n\\u000c\\r\\u001b\\\"\\\\\\u007f/\"");
  }

  @Test
  void membersAreNamedByTheirPath() throws Exception {
    JsonFields fields =
        JsonFields.of(
            JsonReader.read(
                "{\"shape\":{\"cpus\":\"two\",\"none\":null},\"list\":[{\"a\":1},{}]}"));
    assertThatThrownBy(() -> fields.object("shape", shape -> shape.integer("cpus")))
        .hasMessage("shape.cpus is not a number");
    assertThatThrownBy(() -> fields.object("shape", shape -> shape.text("none")))
        .hasMessage("shape.none is missing");
    assertThatThrownBy(() -> fields.list("list", item -> item.integer("a")))
        .hasMessage("list[1].a is missing");
    assertThatThrownBy(() -> fields.texts("list")).hasMessage("list[0] is not a string");
    assertThatThrownBy(() -> fields.texts("shape")).hasMessage("shape is not an array");
    assertThatThrownBy(() -> fields.truth("shape")).hasMessage("shape is not a boolean");
    assertThat(fields.optionalText("absent")).isNull();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void whatIsWrittenIsReadBack(long seed) throws Exception {
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      JsonValue value = randomValue(random, 0);
      assertThat(JsonReader.read(JsonWriter.writeUtf8(value))).isEqualTo(value);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void mutilatedJsonIsReadOrRefusedButNeverBreaksTheReader(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 2000; round++) {
      byte[] bytes = JsonWriter.writeUtf8(randomValue(random, 0));
      for (int i = 0; i < 1 + random.nextInt(3); i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        JsonReader.read(bytes);
      } catch (MalformedJson refused) {
        assertThat(refused.getMessage())
            .matches("not UTF-8|(not JSON at|JSON ends early, at) character .*");
      }
    }
  }

  private static JsonValue randomValue(Random random, int depth) {
    switch (random.nextInt(depth > 4 ? 4 : 6)) {
      case 0:
        return new JsonText(randomText(random));
      case 1:
        return new JsonNumber(random.nextLong());
      case 2:
        return new JsonBoolean(random.nextBoolean());
      case 3:
        return JsonNull.NULL;
      case 4:
        List<JsonValue> items = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
          items.add(randomValue(random, depth + 1));
        }
        return new JsonArray(items);
      default:
        Map<String, JsonValue> members = new LinkedHashMap<>();
        for (int i = random.nextInt(5); i > 0; i--) {
          members.put(randomText(random), randomValue(random, depth + 1));
        }
        return new JsonObject(members);
    }
  }

  private static String randomText(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      int point = random.nextInt(4) == 0 ? random.nextInt(0x110000) : random.nextInt(0x80);
      if (point < 0xd800 || point > 0xdfff) {
        text.appendCodePoint(point);
      }
    }
    return text.toString();
  }
}
