package dev.mayfly.client;

import dev.mayfly.api.rest.LimitsChange;
import dev.mayfly.api.rest.LimitsView;
import dev.mayfly.api.rest.ProjectChange;
import dev.mayfly.api.rest.ProjectView;
import dev.mayfly.api.rest.QuarantineRequest;
import dev.mayfly.api.rest.WorkerPoolChange;
import dev.mayfly.api.rest.WorkerPoolView;
import dev.mayfly.api.rest.WorkerView;
import dev.mayfly.client.json.JsonFields;
import dev.mayfly.client.json.JsonValue;
import dev.mayfly.client.json.MalformedJson;

/** The records of REST v1 about workers, projects and pools as JSON and back. */
public final class FleetJson {
  private FleetJson() {}

  public static JsonValue of(WorkerView worker) {
    return new JsonMembers()
        .text("id", worker.id())
        .text("name", worker.name())
        .text("state", worker.state())
        .text("version", worker.version())
        .text("architecture", worker.architecture())
        .text("hostKernel", worker.hostKernel())
        .texts("labels", worker.labels())
        .text("pool", worker.pool())
        .text("duty", worker.duty())
        .text("dutyReason", worker.dutyReason())
        .text("dutySince", worker.dutySince())
        .value("capacity", RestJson.of(worker.capacity()))
        .value("used", RestJson.of(worker.used()))
        .list(
            "vmms",
            worker.vmms(),
            vmm ->
                new JsonMembers()
                    .text("name", vmm.name())
                    .text("version", vmm.version())
                    .text("accelerator", vmm.accelerator())
                    .truth("usable", vmm.usable())
                    .text("reason", vmm.reason())
                    .object())
        .texts("bundleDigests", worker.bundleDigests())
        .text("lastSeenAt", worker.lastSeenAt())
        .object();
  }

  public static WorkerView workerView(JsonFields fields) throws MalformedJson {
    return new WorkerView(
        fields.text("id"),
        fields.text("name"),
        fields.text("state"),
        fields.text("version"),
        fields.text("architecture"),
        fields.text("hostKernel"),
        fields.texts("labels"),
        fields.text("pool"),
        fields.text("duty"),
        fields.optionalText("dutyReason"),
        fields.optionalText("dutySince"),
        fields.object("capacity", RestJson::shapeView),
        fields.object("used", RestJson::shapeView),
        fields.list(
            "vmms",
            vmm ->
                new WorkerView.VmmView(
                    vmm.text("name"),
                    vmm.text("version"),
                    vmm.text("accelerator"),
                    vmm.truth("usable"),
                    vmm.text("reason"))),
        fields.texts("bundleDigests"),
        fields.text("lastSeenAt"));
  }

  public static JsonValue of(QuarantineRequest request) {
    return new JsonMembers().text("reason", request.reason()).object();
  }

  public static QuarantineRequest quarantineRequest(JsonFields fields) throws MalformedJson {
    return new QuarantineRequest(fields.optionalText("reason"));
  }

  public static JsonValue of(ProjectView project) {
    return new JsonMembers()
        .text("name", project.name())
        .number("weight", project.weight())
        .number("maxActiveJobs", project.maxActiveJobs())
        .number("activeJobs", project.activeJobs())
        .value("reserved", RestJson.of(project.reserved()))
        .object();
  }

  public static ProjectView projectView(JsonFields fields) throws MalformedJson {
    return new ProjectView(
        fields.text("name"),
        fields.integer("weight"),
        fields.optionalInteger("maxActiveJobs"),
        fields.integer("activeJobs"),
        fields.object("reserved", RestJson::shapeView));
  }

  public static JsonValue of(ProjectChange change) {
    return new JsonMembers()
        .number("weight", change.weight())
        .number("maxActiveJobs", change.maxActiveJobs())
        .object();
  }

  public static ProjectChange projectChange(JsonFields fields) throws MalformedJson {
    return new ProjectChange(
        fields.optionalInteger("weight"), fields.optionalInteger("maxActiveJobs"));
  }

  public static JsonValue of(LimitsView limits) {
    return new JsonMembers()
        .number("maxActiveJobs", limits.maxActiveJobs())
        .number("activeJobs", limits.activeJobs())
        .object();
  }

  public static LimitsView limitsView(JsonFields fields) throws MalformedJson {
    return new LimitsView(fields.optionalInteger("maxActiveJobs"), fields.integer("activeJobs"));
  }

  public static JsonValue of(LimitsChange change) {
    return new JsonMembers().number("maxActiveJobs", change.maxActiveJobs()).object();
  }

  public static LimitsChange limitsChange(JsonFields fields) throws MalformedJson {
    return new LimitsChange(fields.optionalInteger("maxActiveJobs"));
  }

  public static JsonValue of(WorkerPoolView pool) {
    return new JsonMembers()
        .text("name", pool.name())
        .text("strategy", pool.strategy())
        .texts("workers", pool.workers())
        .object();
  }

  public static WorkerPoolView workerPoolView(JsonFields fields) throws MalformedJson {
    return new WorkerPoolView(
        fields.text("name"), fields.text("strategy"), fields.texts("workers"));
  }

  public static JsonValue of(WorkerPoolChange change) {
    return new JsonMembers().text("strategy", change.strategy()).object();
  }

  public static WorkerPoolChange workerPoolChange(JsonFields fields) throws MalformedJson {
    return new WorkerPoolChange(fields.optionalText("strategy"));
  }
}
