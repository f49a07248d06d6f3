package dev.mayfly.core.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * A state machine as a table, made by running it over every pair. Pure.
 *
 * @param rows by event, then state, each pair once
 */
public record StateTable(List<Row> rows) {

  /** What one event makes of one state. */
  public record Row(String state, String event, String result) {}

  public StateTable {
    rows = List.copyOf(rows);
  }

  /** Runs a machine over every state and every event; named in the order of the maps. */
  public static <S, E> StateTable of(
      LinkedHashMap<String, S> states,
      LinkedHashMap<String, E> events,
      BiFunction<S, E, String> machine) {
    List<Row> rows = new ArrayList<>();
    events.forEach((eventName, event) ->
        states.forEach((stateName, state) ->
            rows.add(new Row(stateName, eventName, machine.apply(state, event)))));
    return new StateTable(rows);
  }

  /** A Markdown table: a line per event, a column per state. */
  public String markdown() {
    Set<String> states = new LinkedHashSet<>();
    Map<String, Map<String, String>> byEvent = new LinkedHashMap<>();
    for (Row row : rows) {
      states.add(row.state());
      byEvent
          .computeIfAbsent(row.event(), _ -> new LinkedHashMap<>())
          .put(row.state(), row.result());
    }
    StringBuilder text = new StringBuilder("| event ");
    states.forEach(state -> text.append("| ").append(state).append(' '));
    text.append("|\n|---").append("|---".repeat(states.size())).append("|\n");
    byEvent.forEach((event, results) -> {
      text.append("| ").append(event).append(' ');
      states.forEach(state -> text.append("| ").append(results.get(state)).append(' '));
      text.append("|\n");
    });
    return text.toString();
  }
}
