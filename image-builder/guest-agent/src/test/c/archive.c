#include "archive.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

void archive_begin(struct archive *archive)
{
    archive->length = 0;
}

static void append(struct archive *archive, const void *bytes, size_t length)
{
    CHECK(length <= sizeof archive->bytes - archive->length);
    memcpy(archive->bytes + archive->length, bytes, length);
    archive->length += length;
}

void archive_add_as(struct archive *archive, struct tar_facts facts, const char *path, const char *link, const char *contents)
{
    static uint8_t headers[TAR_WRITE_LIMIT];
    static const uint8_t zeros[TAR_BLOCK];
    facts.size = strlen(contents);
    append(archive, headers, tar_write_headers(headers, &facts, path, link));
    append(archive, contents, facts.size);
    append(archive, zeros, (TAR_BLOCK - facts.size % TAR_BLOCK) % TAR_BLOCK);
}

void archive_add(struct archive *archive, uint8_t type, const char *path, const char *link, const char *contents)
{
    struct tar_facts facts = {.type = type, .mode = 0755, .seconds = 1000000000};
    archive_add_as(archive, facts, path, link, contents);
}

void archive_end(struct archive *archive)
{
    static const uint8_t zeros[2 * TAR_BLOCK];
    append(archive, zeros, sizeof zeros);
}

void archive_seal(uint8_t block[TAR_BLOCK])
{
    unsigned sum = 8 * ' ';
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        sum += i >= 148 && i < 156 ? 0 : block[i];
    }
    char text[8];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(block + 148, text, 7);
    block[155] = ' ';
}
