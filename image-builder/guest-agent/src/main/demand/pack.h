/* The pack of kernel modules beside the helper: an index of lines, then the modules, each an LZ4 block. */
#ifndef MAYFLY_PACK_H
#define MAYFLY_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pack has about 200 modules. */
#define PACK_MODULES 1024

struct pack {
    const uint8_t *bytes;
    size_t length;
    const char *lines[PACK_MODULES]; /* each ends with a line feed */
    size_t count;
    size_t data; /* where the modules begin */
};

struct packed_module {
    const uint8_t *block;
    size_t packed, size;
    const char *dependencies; /* numbers of earlier lines with commas, or "-"; ends with a space */
    const char *names;        /* with spaces; ends with a line feed */
};

/* False when the index is not one. */
bool pack_read(struct pack *pack, const uint8_t *bytes, size_t length);
/* False when the line does not describe a module within the pack. */
bool pack_module(const struct pack *pack, size_t line, struct packed_module *module);
/* Whether a module goes by this name; '-' and '_' are the same, '*' in the module's names matches anything. */
bool pack_answers(const struct packed_module *module, const char *name);
/* Unpacks one LZ4 block into exactly size bytes; false when it is broken. */
bool lz4_unpack(const uint8_t *block, size_t packed, uint8_t *out, size_t size);

#endif
