/* Watching for memory that ran out and for a scratch disk that is full. */
#ifndef MAYFLY_TROUBLE_H
#define MAYFLY_TROUBLE_H

#include "agent.h"

/* Kills for memory that the kernel counts in all; used where cgroups do not say it per exec. */
uint64_t trouble_kernel_kills(const struct agent *agent);
/* An exec begins: sample from now on. */
void trouble_wake(struct agent *agent);
void trouble_tick(struct agent *agent);
void trouble_sample_exec(struct agent *agent, struct exec *exec);
void trouble_produce(struct agent *agent);

#endif
