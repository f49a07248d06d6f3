/* Processes: starting, signalling, reaping. */
#ifndef MAYFLY_PROCESS_H
#define MAYFLY_PROCESS_H

#include "agent.h"
#include "specification.h"

/* What a child says when it cannot become the program; smaller than PIPE_BUF, so written whole. */
struct child_report {
    char step[16];
    int error;
    char message[300];
};

bool process_spawn(struct agent *agent, struct exec *exec);
void process_explain(const struct child_report *report, struct exec *exec);
void process_signal(struct agent *agent, struct exec *exec, int number, bool everything);
/* Reaps what has ended, also orphans, at most some at a time; what is left is reaped in the next turn. */
void process_reap(struct agent *agent);
void process_power_off(struct agent *agent);

/* child.c: in the forked child; does not return. in, out and err become its 0, 1 and 2. */
void child_run(const struct agent *agent, const struct exec *exec, struct specification *specification, const int streams[3],
    int report) __attribute__((noreturn));

#endif
