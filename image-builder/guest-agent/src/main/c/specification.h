/* An exec specification, taken apart in place. */
#ifndef MAYFLY_SPECIFICATION_H
#define MAYFLY_SPECIFICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* PATH, HOME, USER and LOGNAME may be added to the environment. */
#define ENVIRONMENT_ADDED 4

/* What the child does: become a program, or read or write an archive itself. */
enum exec_kind { KIND_COMMAND, KIND_UNPACK, KIND_PACK };

struct specification {
    enum exec_kind kind;
    char *argv[ARGUMENT_LIMIT + 1];
    char *environment[ENVIRONMENT_LIMIT + ENVIRONMENT_ADDED + 1];
    size_t environment_count;
    const char *directory;
    const char *user;
    bool stdin_open;
    bool make_directory;
    uint32_t umask;
};

/* Strings then point into bytes, which are changed. NULL when good, else what is wrong. */
const char *specification_parse(struct specification *specification, uint8_t *bytes, size_t length);
/* The value of this name in the environment, NULL when absent. */
const char *environment_get(const struct specification *specification, const char *name);

#endif
