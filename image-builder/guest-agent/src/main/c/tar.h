/* Headers of tar archives: ustar, GNU long names, pax. No input or output. */
#ifndef MAYFLY_TAR_H
#define MAYFLY_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK 512
/* Directories below each other, so that recursion and open directories are bounded. */
#define TAR_DEPTH_LIMIT 256
/* A path of that depth with the longest names, and its NUL. */
#define TAR_PATH_LIMIT (TAR_DEPTH_LIMIT * 256)
#define TAR_PAX_LIMIT (1024 * 1024)

enum tar_type {
    TAR_FILE = '0',
    TAR_HARD_LINK = '1',
    TAR_SYMLINK = '2',
    TAR_CHARACTER = '3',
    TAR_BLOCK_DEVICE = '4',
    TAR_DIRECTORY = '5',
    TAR_FIFO = '6',
    TAR_LONG_LINK = 'K',
    TAR_LONG_PATH = 'L',
    TAR_PAX = 'x',
    TAR_PAX_GLOBAL = 'g',
};

/* What a header says besides names. */
struct tar_facts {
    uint8_t type;
    uint32_t mode; /* permissions only */
    uint32_t user, group;
    uint64_t size;
    int64_t seconds; /* of the last change, since 1970 */
    uint32_t nanoseconds;
    uint32_t major, minor;
};

struct tar_header {
    struct tar_facts facts;
    char path[TAR_BLOCK];
    char link[TAR_BLOCK];
};

/* What a pax header says; the strings lie in its bytes and have no NUL. */
struct tar_pax {
    const char *path, *link;
    size_t path_length, link_length;
    bool has_size, has_time, has_user, has_group;
    uint64_t size;
    int64_t seconds;
    uint32_t nanoseconds;
    uint32_t user, group;
};

/* Whether the block is one of zeros, which ends an archive. */
bool tar_is_end(const uint8_t block[TAR_BLOCK]);
/* NULL when good, else what is wrong. */
const char *tar_read_header(const uint8_t block[TAR_BLOCK], struct tar_header *header);
/* Adds what these records say; those it does not know are passed over. NULL when good, else what is wrong. */
const char *tar_read_pax(const char *bytes, size_t length, struct tar_pax *pax);

/* Room for a pax header with everything that does not fit a ustar one. */
#define TAR_WRITE_LIMIT (2 * TAR_PATH_LIMIT + 8 * TAR_BLOCK)

/* Writes the headers of an entry, with a pax one before where ustar cannot say it; the bytes written, whole blocks. */
size_t tar_write_headers(uint8_t bytes[TAR_WRITE_LIMIT], const struct tar_facts *facts, const char *path, const char *link);

#endif
