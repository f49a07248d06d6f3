#ifndef MAYFLY_CRC32_H
#define MAYFLY_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Fills the tables; call once before crc32_update. */
void crc32_prepare(void);

/* CRC-32 (IEEE 802.3, as zlib's). Start with 0; feed the result back in to go on. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t length);

#endif
