/* Bounded reading and writing of payload fields: little-endian, strings and bytes with a u32 length. */
#ifndef MAYFLY_WIRE_H
#define MAYFLY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once a read goes past the end, bad stays set and every later read gives 0. */
struct reader {
    const uint8_t *next;
    size_t left;
    bool bad;
};

struct reader reader_of(const void *data, size_t length);
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
/* NULL and bad when fewer are left. */
const uint8_t *read_raw(struct reader *reader, size_t length);
/* Copies a string into text[size] with a NUL; bad when it does not fit, holds a NUL or is not UTF-8. */
void read_string(struct reader *reader, char *text, size_t size);
/* True when nothing was bad and nothing is left over. */
bool reader_finished(const struct reader *reader);

/* Whether these bytes are UTF-8 without NUL. */
bool is_text(const uint8_t *bytes, size_t length);

/* Once a write does not fit, overflow stays set and nothing more is written. */
struct writer {
    uint8_t *memory;
    size_t length;
    size_t size;
    bool overflow;
};

struct writer writer_into(void *memory, size_t size);
void write_u8(struct writer *writer, uint8_t value);
void write_u16(struct writer *writer, uint16_t value);
void write_u32(struct writer *writer, uint32_t value);
void write_u64(struct writer *writer, uint64_t value);
void write_raw(struct writer *writer, const void *data, size_t length);
/* Cuts the text at limit bytes, never within a character. */
void write_string(struct writer *writer, const char *text, size_t limit);

#endif
