#include "specification.h"

#include <string.h>

#include "wire.h"

#define FLAG_STDIN_OPEN 1
#define FLAG_MAKE_DIRECTORY 2
#define FLAG_UNPACK 4
#define FLAG_PACK 8

/* A string of the payload, moved over its own length so that a NUL fits behind it. */
static char *take_string(struct reader *reader)
{
    uint32_t length = read_u32(reader);
    const uint8_t *bytes = read_raw(reader, length);
    if (bytes == NULL || !is_text(bytes, length)) {
        reader->bad = true;
        return NULL;
    }
    char *text = (char *)(uintptr_t)bytes - 4;
    memmove(text, bytes, length);
    text[length] = '\0';
    return text;
}

/* A list of strings into array[limit + 1], ended by NULL; the count. */
static size_t take_list(struct reader *reader, char **array, size_t limit)
{
    uint32_t count = read_u32(reader);
    if (count > limit) {
        reader->bad = true;
        count = 0;
    }
    for (uint32_t i = 0; i < count && !reader->bad; i++) {
        array[i] = take_string(reader);
    }
    array[reader->bad ? 0 : count] = NULL;
    return reader->bad ? 0 : count;
}

/* A transfer has one argument: the path. NULL when good, else what is wrong. */
static const char *take_kind(struct specification *specification, size_t arguments, uint8_t flags)
{
    bool stdin_open = (flags & FLAG_STDIN_OPEN) != 0;
    switch (flags & (FLAG_UNPACK | FLAG_PACK)) {
    case 0:
        specification->kind = KIND_COMMAND;
        return NULL;
    case FLAG_UNPACK:
        specification->kind = KIND_UNPACK;
        if (!stdin_open) {
            return "unpacking needs stdin";
        }
        break;
    case FLAG_PACK:
        specification->kind = KIND_PACK;
        if (stdin_open) {
            return "packing takes no stdin";
        }
        break;
    default:
        return "the flags say both unpack and pack";
    }
    return arguments == 1 && specification->argv[0][0] == '/' ? NULL : "a transfer has one argument, an absolute path";
}

const char *specification_parse(struct specification *specification, uint8_t *bytes, size_t length)
{
    struct reader reader = reader_of(bytes, length);
    size_t arguments = take_list(&reader, specification->argv, ARGUMENT_LIMIT);
    specification->environment_count = take_list(&reader, specification->environment, ENVIRONMENT_LIMIT);
    specification->directory = take_string(&reader);
    specification->user = take_string(&reader);
    uint8_t flags = read_u8(&reader);
    specification->umask = read_u32(&reader);
    if (!reader_finished(&reader)) {
        return "the specification is malformed";
    }
    if (arguments == 0 || specification->argv[0][0] == '\0') {
        return "argv is empty";
    }
    for (size_t i = 0; i < specification->environment_count; i++) {
        const char *equals = strchr(specification->environment[i], '=');
        if (equals == NULL || equals == specification->environment[i]) {
            return "an environment entry is not NAME=value";
        }
    }
    if (specification->directory[0] != '/' && specification->directory[0] != '\0') {
        return "the working directory is not absolute";
    }
    if ((flags & ~(FLAG_STDIN_OPEN | FLAG_MAKE_DIRECTORY | FLAG_UNPACK | FLAG_PACK)) != 0) {
        return "unknown flags";
    }
    if (specification->umask > 0777) {
        return "the umask is above 0777";
    }
    specification->stdin_open = (flags & FLAG_STDIN_OPEN) != 0;
    specification->make_directory = (flags & FLAG_MAKE_DIRECTORY) != 0;
    return take_kind(specification, arguments, flags);
}

const char *environment_get(const struct specification *specification, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < specification->environment_count; i++) {
        const char *entry = specification->environment[i];
        if (strncmp(entry, name, length) == 0 && entry[length] == '=') {
            return entry + length + 1;
        }
    }
    return NULL;
}
