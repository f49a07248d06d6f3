/* The execs: their table, their life, and what the host is told of them. */
#ifndef MAYFLY_EXEC_H
#define MAYFLY_EXEC_H

#include "agent.h"

void exec_clear(struct exec *exec);
/* NULL when there is none with this id. */
struct exec *exec_find(struct agent *agent, uint32_t id);
unsigned exec_index(const struct agent *agent, const struct exec *exec);
/* Whether a process of it may be alive or output may come. */
bool exec_is_live(const struct exec *exec);

/* Frames of the host. */
void exec_specify(struct agent *agent, const struct frame *frame);
void exec_start(struct agent *agent, const struct frame *frame);
void exec_signal(struct agent *agent, const struct frame *frame);
void exec_forget(struct agent *agent, const struct frame *frame);
/* A new conversation: everything not acknowledged is to be said again. */
void exec_repeat_all(struct agent *agent);
void exec_list(const struct agent *agent, struct writer *writer);

/* The child became the program, or says why not. */
void exec_report(struct agent *agent, struct exec *exec);
/* The process of this exec has been reaped. */
void exec_child_ended(struct agent *agent, struct exec *exec, int status, const struct rusage *usage);
/* Called each turn: deadlines, ends. */
void exec_tick(struct agent *agent);
uint64_t exec_deadline(const struct agent *agent);
/* Adds frames to the link while there is room. */
void exec_produce(struct agent *agent);
void exec_kill_all(struct agent *agent);
/* Frees all, whatever their state. */
void exec_release_all(struct agent *agent);

#endif
