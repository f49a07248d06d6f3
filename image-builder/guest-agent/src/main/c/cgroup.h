/* cgroup 2: one group per exec below one for all jobs, which leaves the agent and the kernel a reserve. */
#ifndef MAYFLY_CGROUP_H
#define MAYFLY_CGROUP_H

#include "agent.h"

/* After cgroup 2 is mounted at this path. Works without any controller, and not at all when it was not mounted. */
void cgroup_setup(struct agent *agent, const char *path);
/* Leaves exec->cgroup at -1 when there are no cgroups. */
void cgroup_create(struct agent *agent, struct exec *exec);
void cgroup_remove(struct agent *agent, struct exec *exec);
/* Removes groups that were still dying when their exec was forgotten; true when some are left. */
bool cgroup_sweep(struct agent *agent);
void cgroup_signal(struct exec *exec, int number);
/* How often the kernel killed for memory in this group; false when it does not say. */
bool cgroup_kills(const struct exec *exec, uint64_t *kills);
/* Fills in times and peak memory, from the group or else from the process alone. */
void cgroup_read_usage(struct exec *exec);

#endif
