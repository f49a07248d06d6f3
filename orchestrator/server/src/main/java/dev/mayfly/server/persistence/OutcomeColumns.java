package dev.mayfly.server.persistence;

import dev.mayfly.api.FaultCode;
import dev.mayfly.api.Outcome;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import org.jspecify.annotations.Nullable;

/** The columns of an outcome, in {@code job} and in {@code attempt}. */
@Embeddable
class OutcomeColumns {
  @Column(name = "outcome_kind")
  @Nullable String kind;

  @Column(name = "exit_code")
  @Nullable Integer exitCode;

  @Column(name = "fault_code")
  @Nullable String faultCode;

  @Column(name = "fault_detail")
  @Nullable String detail;

  OutcomeColumns() {}

  static OutcomeColumns of(Outcome outcome) {
    OutcomeColumns columns = new OutcomeColumns();
    switch (outcome) {
      case Outcome.Exited exited -> {
        columns.kind = "EXITED";
        columns.exitCode = exited.code();
      }
      case Outcome.Faulted faulted -> {
        columns.kind = "FAULTED";
        columns.faultCode = faulted.code().name();
        columns.detail = faulted.detail();
      }
      case Outcome.Cancelled _ -> columns.kind = "CANCELLED";
    }
    return columns;
  }

  Outcome toOutcome() {
    if (exitCode != null) {
      return new Outcome.Exited(exitCode);
    }
    if (faultCode != null) {
      return new Outcome.Faulted(FaultCode.valueOf(faultCode), detail == null ? "" : detail);
    }
    return new Outcome.Cancelled();
  }
}
