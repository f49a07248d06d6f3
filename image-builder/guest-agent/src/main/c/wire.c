#include "wire.h"

#include <string.h>

struct reader reader_of(const void *data, size_t length)
{
    return (struct reader){.next = data, .left = length, .bad = false};
}

const uint8_t *read_raw(struct reader *reader, size_t length)
{
    if (reader->bad || reader->left < length) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *here = reader->next;
    reader->next += length;
    reader->left -= length;
    return here;
}

static uint64_t read_number(struct reader *reader, size_t bytes)
{
    const uint8_t *p = read_raw(reader, bytes);
    uint64_t value = 0;
    for (size_t i = 0; p != NULL && i < bytes; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

uint8_t read_u8(struct reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint16_t read_u16(struct reader *reader)
{
    return (uint16_t)read_number(reader, 2);
}

uint32_t read_u32(struct reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t read_u64(struct reader *reader)
{
    return read_number(reader, 8);
}

void read_string(struct reader *reader, char *text, size_t size)
{
    text[0] = '\0';
    uint32_t length = read_u32(reader);
    if (length >= size) {
        reader->bad = true;
        return;
    }
    const uint8_t *bytes = read_raw(reader, length);
    if (bytes == NULL || !is_text(bytes, length)) {
        reader->bad = true;
        return;
    }
    memcpy(text, bytes, length);
    text[length] = '\0';
}

bool reader_finished(const struct reader *reader)
{
    return !reader->bad && reader->left == 0;
}

/* Length of the UTF-8 sequence that starts here, 0 when it is none (RFC 3629: no overlong, no surrogates). */
static size_t sequence_length(const uint8_t *p, size_t left)
{
    size_t length;
    uint32_t least, value;
    if (p[0] < 0x80) {
        return p[0] == 0 ? 0 : 1;
    } else if ((p[0] & 0xE0) == 0xC0) {
        length = 2, least = 0x80, value = p[0] & 0x1F;
    } else if ((p[0] & 0xF0) == 0xE0) {
        length = 3, least = 0x800, value = p[0] & 0x0F;
    } else if ((p[0] & 0xF8) == 0xF0) {
        length = 4, least = 0x10000, value = p[0] & 0x07;
    } else {
        return 0;
    }
    if (length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        value = (value << 6) | (p[i] & 0x3F);
    }
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    return value < least || value > 0x10FFFF || surrogate ? 0 : length;
}

bool is_text(const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t step = sequence_length(bytes, length);
        if (step == 0) {
            return false;
        }
        bytes += step;
        length -= step;
    }
    return true;
}

struct writer writer_into(void *memory, size_t size)
{
    return (struct writer){.memory = memory, .length = 0, .size = size, .overflow = false};
}

void write_raw(struct writer *writer, const void *data, size_t length)
{
    if (writer->overflow || writer->size - writer->length < length) {
        writer->overflow = true;
        return;
    }
    if (length > 0) {
        memcpy(writer->memory + writer->length, data, length);
    }
    writer->length += length;
}

static void write_number(struct writer *writer, uint64_t value, size_t bytes)
{
    uint8_t raw[8];
    for (size_t i = 0; i < bytes; i++) {
        raw[i] = (uint8_t)(value >> (8 * i));
    }
    write_raw(writer, raw, bytes);
}

void write_u8(struct writer *writer, uint8_t value)
{
    write_number(writer, value, 1);
}

void write_u16(struct writer *writer, uint16_t value)
{
    write_number(writer, value, 2);
}

void write_u32(struct writer *writer, uint32_t value)
{
    write_number(writer, value, 4);
}

void write_u64(struct writer *writer, uint64_t value)
{
    write_number(writer, value, 8);
}

void write_string(struct writer *writer, const char *text, size_t limit)
{
    size_t length = strlen(text);
    if (length > limit) {
        length = limit;
        while (length > 0 && ((uint8_t)text[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    write_u32(writer, (uint32_t)length);
    write_raw(writer, text, length);
}
