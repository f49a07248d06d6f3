#include "trouble.h"

#include <sys/statvfs.h>

#include "cgroup.h"
#include "exec.h"
#include "files.h"

/* Rare while there is room, often when the disk may soon be full: a program may delete at once what did not fit. */
#define SAMPLE_SLOW (500 * MILLISECOND)
#define SAMPLE_FAST (50 * MILLISECOND)
/* Less than one write of a program fits. */
#define FULL_BYTES (256 * 1024)
/* Below a fifth free, samples are fast. */
#define NEARLY_FULL_DIVISOR 5

uint64_t trouble_kernel_kills(const struct agent *agent)
{
    static char text[16384];
    if (agent->kills_per_group || !agent->guest || !file_read(agent->proc, "vmstat", text, sizeof text)) {
        return 0;
    }
    return number_after(text, "oom_kill");
}

void trouble_wake(struct agent *agent)
{
    if (agent->sample_at == NEVER) {
        agent->sample_at = agent->now + SAMPLE_FAST;
    }
}

static void sample_memory(struct agent *agent, struct exec *exec)
{
    uint64_t kills = exec->kills_seen;
    if (!cgroup_kills(exec, &kills)) {
        kills = trouble_kernel_kills(agent);
    }
    if (kills > exec->kills_seen) {
        exec->kills_seen = kills;
        exec->killed_event_due = !exec->killed_for_memory;
        exec->killed_for_memory = true;
    }
}

/* Also says whether the next sample should come soon. */
static bool sample_scratch(struct agent *agent)
{
    struct statvfs space;
    if (agent->scratch < 0 || fstatvfs(agent->scratch, &space) != 0) {
        return false;
    }
    bool full = space.f_bavail * space.f_frsize < FULL_BYTES || (space.f_files > 0 && space.f_favail == 0);
    if (full && !agent->scratch_is_full) {
        agent->scratch_event_due = true;
    }
    agent->scratch_is_full = full;
    return space.f_bavail < space.f_blocks / NEARLY_FULL_DIVISOR;
}

void trouble_sample_exec(struct agent *agent, struct exec *exec)
{
    sample_memory(agent, exec);
    (void)sample_scratch(agent);
    exec->scratch_was_full = exec->scratch_was_full || agent->scratch_is_full;
}

void trouble_tick(struct agent *agent)
{
    if (agent->now < agent->sample_at) {
        return;
    }
    bool soon = sample_scratch(agent);
    bool live = false;
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        struct exec *exec = &agent->execs[i];
        if (exec_is_live(exec)) {
            live = true;
            sample_memory(agent, exec);
            exec->scratch_was_full = exec->scratch_was_full || agent->scratch_is_full;
        }
    }
    if (agent->cgroups_left) {
        agent->cgroups_left = cgroup_sweep(agent);
    }
    agent->sample_at = live ? agent->now + (soon ? SAMPLE_FAST : SAMPLE_SLOW) : NEVER;
}

void trouble_produce(struct agent *agent)
{
    if (!agent->scratch_event_due) {
        return;
    }
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_EVENT, 0);
    write_u8(writer, EVENT_SCRATCH_FULL);
    write_string(writer, "the scratch disk is full", MESSAGE_LIMIT);
    agent->scratch_event_due = !frame_end(writer, place);
}
