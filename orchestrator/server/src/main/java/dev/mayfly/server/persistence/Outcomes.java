package dev.mayfly.server.persistence;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The columns {@code outcome_kind, exit_code, fault_code, fault_detail}, in {@code job} and in
 * {@code attempt}.
 */
final class Outcomes {
  private static final String CANCELLED = "CANCELLED";

  private Outcomes() {}

  static void write(Sql.Parameters parameters, @Nullable Outcome outcome) throws SQLException {
    switch (outcome) {
      case null ->
          parameters
              .add((String) null)
              .addNullable((Integer) null)
              .add((String) null)
              .add((String) null);
      case Outcome.Exited exited ->
          parameters
              .add("EXITED")
              .addNullable((Integer) exited.code())
              .add((String) null)
              .add((String) null);
      case Outcome.Faulted faulted ->
          parameters
              .add("FAULTED")
              .addNullable((Integer) null)
              .add(faulted.code().name())
              .add(faulted.detail());
      case Outcome.Cancelled _ ->
          parameters
              .add(CANCELLED)
              .addNullable((Integer) null)
              .add((String) null)
              .add((String) null);
    }
  }

  /** Reads four columns from the given one on. */
  static Outcome read(ResultSet row, int first) throws SQLException {
    String fault = row.getString(first + 2);
    if (fault != null) {
      String detail = row.getString(first + 3);
      return new Outcome.Faulted(FaultCode.valueOf(fault), detail == null ? "" : detail);
    }
    return CANCELLED.equals(row.getString(first))
        ? new Outcome.Cancelled()
        : new Outcome.Exited(row.getInt(first + 1));
  }
}
