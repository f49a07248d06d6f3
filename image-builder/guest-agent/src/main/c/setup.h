/* SETUP: what makes a booted guest this job's guest. */
#ifndef MAYFLY_SETUP_H
#define MAYFLY_SETUP_H

#include "agent.h"

struct setup {
    uint64_t wall_clock; /* ns since 1970 */
    const uint8_t *entropy;
    uint32_t entropy_length;
    char hostname[64];
    char machine_id[33];
    char root_serial[SETUP_STRING_LIMIT + 1];
    char root_file_system[SETUP_STRING_LIMIT + 1];
    char scratch_serial[SETUP_STRING_LIMIT + 1];
    char scratch_file_system[SETUP_STRING_LIMIT + 1];
    uint8_t network_mode;
    char address[SETUP_STRING_LIMIT + 1];
    uint8_t prefix_length;
    char gateway[SETUP_STRING_LIMIT + 1];
    uint32_t name_server_count;
    char name_servers[NAME_SERVER_LIMIT][SETUP_STRING_LIMIT + 1];
    uint32_t orphan_seconds;
};

/* NULL when good, else what is wrong. The entropy stays in the payload. */
const char *setup_parse(struct setup *setup, const uint8_t *payload, size_t length);
/* Answers a SETUP frame; the second and later ones get the first one's answer. */
void setup_take(struct agent *agent, const struct frame *frame);

/* The steps, in mounts.c, identity.c and network.c. Each gives 0 or an errno and fills in message then. */
struct failure {
    char message[MESSAGE_LIMIT + 1];
};
int failed(struct failure *failure, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

int step_clock(struct agent *agent, const struct setup *setup, struct failure *failure);
int step_entropy(struct agent *agent, const struct setup *setup, struct failure *failure);
int step_hostname(struct agent *agent, const struct setup *setup, struct failure *failure);
int step_root(struct agent *agent, const struct setup *setup, struct failure *failure);
int step_mounts(struct agent *agent, const struct setup *setup, struct failure *failure);
int step_cgroup(struct agent *agent, const struct setup *setup, struct failure *failure);
int step_files(struct agent *agent, const struct setup *setup, struct failure *failure);
int step_network(struct agent *agent, const struct setup *setup, struct failure *failure);

#endif
