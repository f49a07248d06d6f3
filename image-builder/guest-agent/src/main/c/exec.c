#include "exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "link.h"
#include "process.h"
#include "streams.h"
#include "trouble.h"

/* How long output may stay open after the process has ended. */
#define OUTPUT_GRACE (1 * SECOND)

void exec_clear(struct exec *exec)
{
    memset(exec, 0, sizeof *exec);
    exec->report = -1;
    exec->output[0].fd = exec->output[1].fd = -1;
    exec->input.fd = -1;
    exec->cgroup = -1;
    exec->deadline = NEVER;
}

struct exec *exec_find(struct agent *agent, uint32_t id)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        if (agent->execs[i].state != EXEC_FREE && agent->execs[i].id == id) {
            return &agent->execs[i];
        }
    }
    return NULL;
}

unsigned exec_index(const struct agent *agent, const struct exec *exec)
{
    return (unsigned)(exec - agent->execs);
}

bool exec_is_live(const struct exec *exec)
{
    return exec->state == EXEC_STARTING || exec->state == EXEC_RUNNING || exec->state == EXEC_DRAINING;
}

static void drop_specification(struct exec *exec)
{
    if (exec->specification != NULL) {
        munmap(exec->specification, SPEC_LIMIT);
        exec->specification = NULL;
    }
}

static void release(struct agent *agent, struct exec *exec)
{
    drop_specification(exec);
    streams_close(agent, exec);
    if (exec->report >= 0) {
        close(exec->report);
    }
    cgroup_remove(agent, exec);
    exec_clear(exec);
}

static struct exec *add(struct agent *agent, uint32_t id)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        struct exec *exec = &agent->execs[i];
        if (exec->state == EXEC_FREE) {
            exec_clear(exec);
            exec->state = EXEC_SPECIFIED;
            exec->id = id;
            return exec;
        }
    }
    return NULL;
}

void exec_specify(struct agent *agent, const struct frame *frame)
{
    struct exec *exec = exec_find(agent, frame->exec);
    if (exec == NULL) {
        exec = add(agent, frame->exec);
    }
    if (exec == NULL || exec->state != EXEC_SPECIFIED) {
        return; /* full: EXEC_START says so; started: the host repeats itself */
    }
    if (exec->specification == NULL) {
        void *memory = mmap(NULL, SPEC_LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            return; /* the length will not agree at EXEC_START */
        }
        exec->specification = memory;
    }
    if (frame->length > SPEC_LIMIT - exec->specification_length) {
        exec->specification_length = SPEC_LIMIT + 1; /* never agrees with a total that is allowed */
        return;
    }
    if (exec->specification_length <= SPEC_LIMIT) {
        memcpy(exec->specification + exec->specification_length, frame->payload, frame->length);
        exec->specification_length += frame->length;
    }
}

/* Answers for an exec that has no place in the table. */
static void refuse(struct agent *agent, uint32_t id, const char *step, int error, const char *message)
{
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_EXEC_FAILED, id);
    write_string(writer, step, MESSAGE_LIMIT);
    write_u32(writer, (uint32_t)error);
    write_string(writer, message, MESSAGE_LIMIT);
    frame_end(writer, place);
}

void exec_start(struct agent *agent, const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint32_t total = read_u32(&reader);
    if (!reader_finished(&reader)) {
        protocol_error(agent, frame->type, "EXEC_START is a u32");
        return;
    }
    struct exec *exec = exec_find(agent, frame->exec);
    if (exec == NULL) {
        bool full = true;
        for (unsigned i = 0; i < EXEC_LIMIT; i++) {
            full = full && agent->execs[i].state != EXEC_FREE;
        }
        refuse(agent, frame->exec, full ? "limit" : "specification", full ? EAGAIN : EINVAL,
            full ? "32 execs are running or not yet forgotten" : "no EXEC_SPEC came before EXEC_START");
        return;
    }
    if (exec->state != EXEC_SPECIFIED) {
        exec->started_due = exec->state != EXEC_STARTING && exec->state != EXEC_FAILED;
        return;
    }
    if (agent->setup != SETUP_COMPLETE) {
        refuse(agent, exec->id, "specification", EINVAL, "SETUP has not been done");
        release(agent, exec);
        return;
    }
    if (exec->specification == NULL || total != exec->specification_length) {
        bool lacking = exec->specification == NULL;
        refuse(agent, exec->id, lacking ? "limit" : "specification", lacking ? ENOMEM : EINVAL,
            lacking ? "no memory for the specification" : "the specification has another length");
        release(agent, exec);
        return;
    }
    exec->kills_seen = trouble_kernel_kills(agent);
    if (agent->operations.spawn(agent, exec)) {
        exec->state = EXEC_STARTING;
        trouble_wake(agent);
    } else {
        refuse(agent, exec->id, exec->failed_step, exec->failed_errno, exec->failed_message);
        release(agent, exec);
        return;
    }
    drop_specification(exec);
}

void exec_signal(struct agent *agent, const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint8_t number = read_u8(&reader);
    uint8_t scope = read_u8(&reader);
    if (!reader_finished(&reader) || number < 1 || number > 64 || scope > 1) {
        protocol_error(agent, frame->type, "SIGNAL is a number from 1 to 64 and a scope of 0 or 1");
        return;
    }
    struct exec *exec = exec_find(agent, frame->exec);
    if (exec != NULL && exec_is_live(exec)) {
        agent->operations.signal(agent, exec, number, scope == 1);
    }
}

void exec_forget(struct agent *agent, const struct frame *frame)
{
    if (frame->length != 0) {
        protocol_error(agent, frame->type, "EXEC_FORGET is empty");
        return;
    }
    struct exec *exec = exec_find(agent, frame->exec);
    if (exec == NULL) {
        return;
    }
    if (exec->state == EXEC_ENDED || exec->state == EXEC_SPECIFIED || exec->state == EXEC_FAILED) {
        release(agent, exec);
    } else {
        protocol_error(agent, frame->type, "the exec has not ended");
    }
}

void exec_repeat_all(struct agent *agent)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        struct exec *exec = &agent->execs[i];
        if (exec->state == EXEC_SPECIFIED || exec->state == EXEC_FAILED) {
            /* A host that reconnects does not know how much of it came, or that it failed: it begins again. */
            release(agent, exec);
            continue;
        }
        exec->started_due = exec->state == EXEC_RUNNING || exec->state == EXEC_DRAINING || exec->state == EXEC_ENDED;
        exec->exit_due = exec->state == EXEC_ENDED;
        exec->input.ack_due = exec->input.wanted;
        for (int k = 0; k < 2; k++) {
            exec->output[k].sent = exec->output[k].ring.begin;
        }
    }
}

void exec_list(const struct agent *agent, struct writer *writer)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        count += agent->execs[i].state >= EXEC_RUNNING || agent->execs[i].state == EXEC_STARTING;
    }
    write_u32(writer, count);
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        const struct exec *exec = &agent->execs[i];
        if (exec->state < EXEC_RUNNING && exec->state != EXEC_STARTING) {
            continue;
        }
        write_u32(writer, exec->id);
        write_u8(writer, exec->state == EXEC_ENDED ? 2 : 1);
        for (int k = 0; k < 2; k++) {
            write_u64(writer, exec->output[k].ring.begin);
            write_u64(writer, exec->output[k].ring.end);
        }
        write_u64(writer, exec->input.ring.end);
    }
}

void exec_report(struct agent *agent, struct exec *exec)
{
    struct child_report report;
    ssize_t got = read(exec->report, &report, sizeof report);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    agent_unwatch(agent, exec->report);
    close(exec->report);
    exec->report = -1;
    if (exec->state != EXEC_STARTING) {
        return;
    }
    if (got == (ssize_t)sizeof report) {
        process_explain(&report, exec);
        streams_close(agent, exec);
        agent->operations.signal(agent, exec, SIGKILL, true);
        exec->state = EXEC_FAILED;
        return;
    }
    /* The end without a word: the program runs. When it is over already, its output is still to be read. */
    exec->state = EXEC_RUNNING;
    exec->started_due = true;
    streams_open(agent, exec);
    if (exec->child_ended) {
        exec->state = EXEC_DRAINING;
        exec->deadline = agent->now + OUTPUT_GRACE;
    }
}

void exec_child_ended(struct agent *agent, struct exec *exec, int status, const struct rusage *usage)
{
    exec->child_ended = true;
    exec->status = status;
    exec->usage = *usage;
    exec->pid = 0;
    if (exec->state == EXEC_STARTING) {
        exec_report(agent, exec); /* what it said comes first */
    } else if (exec->state == EXEC_RUNNING) {
        exec->state = EXEC_DRAINING;
        exec->deadline = agent->now + OUTPUT_GRACE;
    }
    trouble_sample_exec(agent, exec);
}

static void finish(struct agent *agent, struct exec *exec)
{
    trouble_sample_exec(agent, exec);
    agent->operations.signal(agent, exec, SIGKILL, true);
    cgroup_read_usage(exec);
    input_close(agent, exec);
    exec->state = EXEC_ENDED;
    exec->exit_due = true;
    exec->deadline = NEVER;
}

void exec_tick(struct agent *agent)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        struct exec *exec = &agent->execs[i];
        if (exec->state != EXEC_DRAINING) {
            continue;
        }
        if (agent->now >= exec->deadline) {
            exec->deadline = NEVER;
            exec->output_given_up = output_give_up(agent, exec);
            agent->operations.signal(agent, exec, SIGKILL, true);
        }
        if (exec->output[0].fd < 0 && exec->output[1].fd < 0) {
            finish(agent, exec);
        }
    }
}

uint64_t exec_deadline(const struct agent *agent)
{
    uint64_t first = NEVER;
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        if (agent->execs[i].state == EXEC_DRAINING && agent->execs[i].deadline < first) {
            first = agent->execs[i].deadline;
        }
    }
    return first;
}

static bool has_room(const struct agent *agent)
{
    return link_queued(&agent->link) < OUTGOING_OUTPUT_TARGET;
}

static void produce_exit(struct writer *writer, struct exec *exec)
{
    bool signalled = WIFSIGNALED(exec->status);
    size_t place = frame_begin(writer, AGENT_EXEC_EXIT, exec->id);
    write_u8(writer, signalled);
    write_u8(writer, (uint8_t)(signalled ? WTERMSIG(exec->status) : WEXITSTATUS(exec->status)));
    write_u8(writer, (uint8_t)((exec->killed_for_memory ? EXIT_KILLED_FOR_MEMORY : 0)
        | (exec->scratch_was_full ? EXIT_SCRATCH_WAS_FULL : 0) | (exec->output_given_up ? EXIT_OUTPUT_GIVEN_UP : 0)));
    write_u64(writer, exec->output[0].ring.end);
    write_u64(writer, exec->output[1].ring.end);
    write_u64(writer, exec->user_microseconds);
    write_u64(writer, exec->system_microseconds);
    write_u64(writer, exec->peak_kib);
    exec->exit_due = !frame_end(writer, place);
}

/* One turn of one exec; true when it added something. */
static bool produce(struct agent *agent, struct exec *exec)
{
    struct writer *writer = &agent->link.outgoing;
    size_t before = writer->length;
    if (exec->state == EXEC_FAILED) {
        refuse(agent, exec->id, exec->failed_step, exec->failed_errno, exec->failed_message);
        release(agent, exec);
        return true;
    }
    if (exec->started_due) {
        size_t place = frame_begin(writer, AGENT_EXEC_STARTED, exec->id);
        write_u32(writer, exec->pid_said);
        exec->started_due = !frame_end(writer, place);
    }
    if (exec->killed_event_due) {
        size_t place = frame_begin(writer, AGENT_EVENT, exec->id);
        write_u8(writer, EVENT_KILLED_FOR_MEMORY);
        write_string(writer, "the kernel killed a process of this exec: out of memory", MESSAGE_LIMIT);
        exec->killed_event_due = !frame_end(writer, place);
    }
    input_produce(agent, exec);
    for (int k = 0; k < 2 && has_room(agent); k++) {
        output_produce(agent, exec, k);
    }
    bool all_sent = exec->output[0].sent == exec->output[0].ring.end && exec->output[1].sent == exec->output[1].ring.end;
    if (exec->exit_due && all_sent) {
        produce_exit(writer, exec);
    }
    return writer->length != before;
}

void exec_produce(struct agent *agent)
{
    trouble_produce(agent);
    unsigned idle = 0;
    while (idle < EXEC_LIMIT && has_room(agent)) {
        struct exec *exec = &agent->execs[agent->next_turn];
        agent->next_turn = (agent->next_turn + 1) % EXEC_LIMIT;
        bool silent = exec->state == EXEC_FREE || exec->state == EXEC_SPECIFIED || exec->state == EXEC_STARTING;
        idle = !silent && produce(agent, exec) ? 0 : idle + 1;
    }
}

void exec_kill_all(struct agent *agent)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        if (exec_is_live(&agent->execs[i])) {
            agent->operations.signal(agent, &agent->execs[i], SIGKILL, true);
        }
    }
}

void exec_release_all(struct agent *agent)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        if (agent->execs[i].state != EXEC_FREE) {
            release(agent, &agent->execs[i]);
        }
    }
}
