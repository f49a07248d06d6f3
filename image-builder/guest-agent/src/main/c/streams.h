/* stdin, stdout and stderr of an exec: pipes, windows, acknowledgements. */
#ifndef MAYFLY_STREAMS_H
#define MAYFLY_STREAMS_H

#include "agent.h"

/* Begins to watch the pipes, once the program runs. */
void streams_open(struct agent *agent, struct exec *exec);
/* Closes pipes and gives the memory back. */
void streams_close(struct agent *agent, struct exec *exec);

/* Reads from the pipe (0 stdout, 1 stderr) into its window; when the window is full the process has to wait. */
void output_readable(struct agent *agent, struct exec *exec, int which);
void output_acknowledge(struct agent *agent, const struct frame *frame);
/* Adds at most one OUTPUT frame. */
void output_produce(struct agent *agent, struct exec *exec, int which);
/* From now on reads only what is in the pipes already. True when something still held one open. */
bool output_give_up(struct agent *agent, struct exec *exec);

void input_take(struct agent *agent, const struct frame *frame);
void input_end(struct agent *agent, const struct frame *frame);
void input_writable(struct agent *agent, struct exec *exec);
void input_produce(struct agent *agent, struct exec *exec);
void input_close(struct agent *agent, struct exec *exec);

#endif
