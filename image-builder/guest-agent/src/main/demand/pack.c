#include "pack.h"

#include <stdlib.h>
#include <string.h>

/* Reads a decimal number that a space follows. */
static bool number(const char **text, size_t *value)
{
    char *end;
    if (**text < '0' || **text > '9') {
        return false;
    }
    *value = strtoul(*text, &end, 10);
    if (*end != ' ') {
        return false;
    }
    *text = end + 1;
    return true;
}

/* The first line is "mayfly-modules COUNT \n", then COUNT lines; the blocks follow at once. */
bool pack_read(struct pack *pack, const uint8_t *bytes, size_t length)
{
    static const char title[] = "mayfly-modules ";
    pack->bytes = bytes;
    pack->length = length;
    if (length < sizeof title || memcmp(bytes, title, sizeof title - 1) != 0 || memchr(bytes, '\n', length) == NULL) {
        return false;
    }
    const char *text = (const char *)bytes + sizeof title - 1, *end = (const char *)bytes + length;
    if (!number(&text, &pack->count) || *text++ != '\n' || pack->count > PACK_MODULES) {
        return false;
    }
    for (size_t i = 0; i < pack->count; i++) {
        pack->lines[i] = text;
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        if (feed == NULL) {
            return false;
        }
        text = feed + 1;
    }
    pack->data = (size_t)(text - (const char *)bytes);
    return true;
}

bool pack_module(const struct pack *pack, size_t line, struct packed_module *module)
{
    size_t offset, room = pack->length - pack->data;
    if (line >= pack->count) {
        return false;
    }
    const char *text = pack->lines[line];
    if (!number(&text, &offset) || !number(&text, &module->packed) || !number(&text, &module->size)
        || offset > room || module->packed > room - offset) {
        return false;
    }
    module->block = pack->bytes + pack->data + offset;
    module->dependencies = text;
    text += strcspn(text, " \n");
    if (*text != ' ') {
        return false;
    }
    module->names = text + 1;
    return true;
}

static char plain(char c)
{
    return c == '-' ? '_' : c;
}

/* The pattern ends at a space or line feed. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *retry = NULL;
    for (;;) {
        bool ended = *pattern == ' ' || *pattern == '\n';
        if (*pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (!ended && *name != '\0' && plain(*pattern) == plain(*name)) {
            pattern++;
            name++;
        } else if (ended && *name == '\0') {
            return true;
        } else if (star != NULL && *retry != '\0') {
            pattern = star;
            name = ++retry;
        } else {
            return false;
        }
    }
}

bool pack_answers(const struct packed_module *module, const char *name)
{
    const char *pattern = module->names;
    for (;;) {
        if (matches(pattern, name)) {
            return true;
        }
        pattern += strcspn(pattern, " \n");
        if (*pattern == '\n') {
            return false;
        }
        pattern++;
    }
}

/* A length of 15 goes on in bytes until one is below 255. */
static bool long_length(const uint8_t **in, const uint8_t *end, size_t *length)
{
    uint8_t more = 255;
    if (*length != 15) {
        return true;
    }
    while (more == 255) {
        if (*in == end || *length > (1u << 30)) {
            return false;
        }
        more = *(*in)++;
        *length += more;
    }
    return true;
}

/* The format: lz4's doc/lz4_Block_format.md. */
bool lz4_unpack(const uint8_t *in, size_t packed, uint8_t *out, size_t size)
{
    const uint8_t *end = in + packed;
    size_t done = 0;
    while (in < end) {
        uint8_t token = *in++;
        size_t literals = token >> 4, match = token & 15;
        if (!long_length(&in, end, &literals) || literals > (size_t)(end - in) || literals > size - done) {
            return false;
        }
        memcpy(out + done, in, literals);
        in += literals;
        done += literals;
        if (in == end) {
            break; /* the last sequence has no match */
        }
        if (end - in < 2) {
            return false;
        }
        size_t distance = (size_t)in[0] | (size_t)in[1] << 8;
        in += 2;
        if (!long_length(&in, end, &match)) {
            return false;
        }
        match += 4;
        if (distance == 0 || distance > done || match > size - done) {
            return false;
        }
        for (size_t i = 0; i < match; i++, done++) { /* may overlap what it writes */
            out[done] = out[done - distance];
        }
    }
    return done == size;
}
