#include <stdio.h>
#include <string.h>

#include "tar.h"

#define OCTAL_11 INT64_C(077777777777)
#define OCTAL_7 UINT32_C(07777777)
#define NAME_BYTES 100
#define PREFIX_BYTES 155

static void put_octal(uint8_t *field, size_t digits, uint64_t value)
{
    for (size_t i = digits; i-- > 0; value >>= 3) {
        field[i] = (uint8_t)('0' + (value & 7));
    }
    field[digits] = '\0';
}

/* Where a path can be cut into prefix and name; 0 when it needs no cut, -1 when ustar cannot hold it. */
static long find_cut(const char *path)
{
    size_t length = strlen(path);
    if (length <= NAME_BYTES) {
        return 0;
    }
    for (size_t cut = length - NAME_BYTES - 1; cut <= PREFIX_BYTES && cut < length - 1; cut++) {
        if (cut > 0 && path[cut] == '/') {
            return (long)cut;
        }
    }
    return -1;
}

static void put_text(uint8_t *field, size_t size, const char *text)
{
    memcpy(field, text, strnlen(text, size));
}

static void put_header(uint8_t block[TAR_BLOCK], const struct tar_facts *facts, const char *path, const char *link)
{
    memset(block, 0, TAR_BLOCK);
    long cut = find_cut(path);
    if (cut > 0) {
        memcpy(block + 345, path, (size_t)cut);
        path += cut + 1;
    }
    put_text(block, NAME_BYTES, path);
    put_octal(block + 100, 7, facts->mode);
    put_octal(block + 108, 7, facts->user <= OCTAL_7 ? facts->user : 0);
    put_octal(block + 116, 7, facts->group <= OCTAL_7 ? facts->group : 0);
    put_octal(block + 124, 11, facts->size <= (uint64_t)OCTAL_11 ? facts->size : 0);
    put_octal(block + 136, 11, facts->seconds >= 0 && facts->seconds <= OCTAL_11 ? (uint64_t)facts->seconds : 0);
    block[156] = facts->type;
    put_text(block + 157, NAME_BYTES, link);
    memcpy(block + 257, "ustar\0" "00", 8);
    put_octal(block + 329, 7, facts->major);
    put_octal(block + 337, 7, facts->minor);
    uint64_t sum = 8 * ' ';
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        sum += block[i];
    }
    put_octal(block + 148, 6, sum);
    block[155] = ' ';
}

/* A record counts the digits of its own length. */
static size_t put_record(uint8_t *bytes, const char *key, const char *value)
{
    size_t rest = strlen(key) + strlen(value) + 3, size = 0, next = rest;
    while (size != next) {
        size = next;
        next = rest + (size_t)snprintf(NULL, 0, "%zu", size);
    }
    int start = sprintf((char *)bytes, "%zu %s=", size, key);
    memcpy(bytes + start, value, strlen(value));
    bytes[size - 1] = '\n';
    return size;
}

static size_t put_number(uint8_t *bytes, const char *key, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    return put_record(bytes, key, text);
}

size_t tar_write_headers(uint8_t bytes[TAR_WRITE_LIMIT], const struct tar_facts *facts, const char *path, const char *link)
{
    uint8_t *records = bytes + TAR_BLOCK;
    size_t length = 0;
    if (find_cut(path) < 0) {
        length += put_record(records + length, "path", path);
    }
    if (strlen(link) > NAME_BYTES) {
        length += put_record(records + length, "linkpath", link);
    }
    if (facts->size > (uint64_t)OCTAL_11) {
        length += put_number(records + length, "size", (long long)facts->size);
    }
    if (facts->seconds < 0 || facts->seconds > OCTAL_11) {
        length += put_number(records + length, "mtime", facts->seconds);
    }
    if (facts->user > OCTAL_7) {
        length += put_number(records + length, "uid", facts->user);
    }
    if (facts->group > OCTAL_7) {
        length += put_number(records + length, "gid", facts->group);
    }
    size_t blocks = 0;
    if (length > 0) {
        struct tar_facts pax = {.type = TAR_PAX, .mode = 0644, .size = length};
        put_header(bytes, &pax, "pax-header", "");
        size_t padded = (length + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
        memset(records + length, 0, padded - length);
        blocks = TAR_BLOCK + padded;
    }
    put_header(bytes + blocks, facts, path, link);
    return blocks + TAR_BLOCK;
}
