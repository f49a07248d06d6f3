/* Builds archives, good and bad, for tests of transfers. */
#ifndef MAYFLY_TEST_ARCHIVE_H
#define MAYFLY_TEST_ARCHIVE_H

#include "tar.h"

struct archive {
    size_t length;
    uint8_t bytes[1024 * 1024];
};

void archive_begin(struct archive *archive);
/* An entry with its contents; the size is theirs. */
void archive_add(struct archive *archive, uint8_t type, const char *path, const char *link, const char *contents);
/* The same with these facts instead of ordinary ones. */
void archive_add_as(struct archive *archive, struct tar_facts facts, const char *path, const char *link, const char *contents);
void archive_end(struct archive *archive);
/* Makes the checksum of the header at this place right again. */
void archive_seal(uint8_t block[TAR_BLOCK]);

#endif
