package dev.mayfly.client;

import dev.mayfly.api.rest.ExecRequest;
import dev.mayfly.api.rest.ExecView;
import dev.mayfly.api.rest.InputAnswer;
import dev.mayfly.api.rest.RenewalView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.JsonValue.JsonBoolean;
import dev.mayfly.client.json.MalformedJson;

/** The records of sessions as JSON and back. */
public final class SessionJson {
  private SessionJson() {}

  public static JsonValue of(ExecRequest request) {
    Boolean stdin = request.stdin();
    return new JsonMembers()
        .texts("command", request.command())
        .textMap("environment", request.environment())
        .textMap("secrets", request.secrets())
        .text("workingDirectory", request.workingDirectory())
        .text("user", request.user())
        .value("stdin", stdin == null ? null : new JsonBoolean(stdin))
        .number("timeoutSeconds", request.timeoutSeconds())
        .object();
  }

  public static ExecView execView(JsonFields fields) throws MalformedJson {
    return new ExecView(
        fields.text("job"),
        fields.integer("number"),
        fields.integer("attempt"),
        fields.text("kind"),
        fields.texts("command"),
        fields.optionalText("path"),
        fields.text("state"),
        fields.text("openedAt"),
        fields.optionalText("startedAt"),
        fields.optionalText("endedAt"),
        fields.optionalObject("outcome", RestJson::outcomeView),
        fields.object(
            "input",
            input ->
                new ExecView.InputView(
                    input.longNumber("offset"),
                    input.truth("ended"),
                    input.longNumber("acknowledged"))));
  }

  static InputAnswer inputAnswer(JsonFields fields) throws MalformedJson {
    return new InputAnswer(fields.longNumber("offset"), fields.truth("ended"));
  }

  static RenewalView renewalView(JsonFields fields) throws MalformedJson {
    return new RenewalView(fields.integer("leaseSeconds"), fields.text("until"));
  }
}
