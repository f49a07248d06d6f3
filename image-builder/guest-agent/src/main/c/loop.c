/* One turn: wait, serve what is ready, let time pass, talk to the host. */
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent.h"
#include "exec.h"
#include "link.h"
#include "process.h"
#include "streams.h"
#include "trouble.h"

#define EVENTS_PER_TURN 64

static void children_ended(struct agent *agent)
{
    struct signalfd_siginfo signals[16];
    ssize_t got = read(agent->child_signals, signals, sizeof signals);
    (void)got; /* how many does not matter: they merge, so all children are asked */
    process_reap(agent);
}

static void serve(struct agent *agent, const struct epoll_event *event)
{
    unsigned index = (uint32_t)event->data.u64 % EXEC_LIMIT;
    struct exec *exec = &agent->execs[index];
    switch ((enum watch)(event->data.u64 >> 32)) {
    case WATCH_LINK:
        link_event(agent, event->events);
        break;
    case WATCH_LISTENER:
        link_accept(agent);
        break;
    case WATCH_CHILDREN:
        children_ended(agent);
        break;
    case WATCH_REPORT:
        if (exec->report >= 0) {
            exec_report(agent, exec);
        }
        break;
    case WATCH_STDOUT:
        output_readable(agent, exec, 0);
        break;
    case WATCH_STDERR:
        output_readable(agent, exec, 1);
        break;
    case WATCH_STDIN:
        input_writable(agent, exec);
        break;
    }
}

static uint64_t orphan_deadline(const struct agent *agent)
{
    return agent->orphan_after == 0 ? NEVER : agent->link.heard_at + agent->orphan_after;
}

static int timeout_until(const struct agent *agent)
{
    uint64_t first = orphan_deadline(agent);
    uint64_t others[] = {exec_deadline(agent), link_deadline(agent), agent->sample_at};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        first = others[i] < first ? others[i] : first;
    }
    if (first == NEVER) {
        return -1;
    }
    if (first <= agent->now) {
        return 0;
    }
    uint64_t milliseconds = (first - agent->now + MILLISECOND - 1) / MILLISECOND;
    return milliseconds > 60000 ? 60000 : (int)milliseconds;
}

void loop_turn(struct agent *agent, int timeout_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(agent->epoll, events, EVENTS_PER_TURN, timeout_ms);
    agent->now = monotonic_now();
    for (int i = 0; i < count; i++) {
        serve(agent, &events[i]);
    }
    if (agent->children_waiting) {
        process_reap(agent);
    }
    exec_tick(agent);
    trouble_tick(agent);
    if (agent->now >= orphan_deadline(agent)) {
        note("no host spoke for %llu s", (unsigned long long)(agent->orphan_after / SECOND));
        agent->operations.power_off(agent);
    }
}

void loop_run(struct agent *agent)
{
    bool more = false;
    while (!agent->stopping) {
        agent->now = monotonic_now();
        loop_turn(agent, more || agent->children_waiting ? 0 : timeout_until(agent));
        if (!agent->stopping) {
            more = link_pump(agent);
        }
    }
}
