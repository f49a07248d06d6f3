#include "frame.h"

#include <string.h>

#include "crc32.h"

void decoder_reset(struct decoder *decoder)
{
    decoder->framed = false;
    decoder->hello_expected = false;
    decoder->start = 0;
    decoder->end = 0;
}

uint8_t *decoder_space(struct decoder *decoder, size_t *room)
{
    if (decoder->start == decoder->end) {
        decoder->start = decoder->end = 0;
    } else if (DECODER_BYTES - decoder->end < FRAME_LIMIT / 2 && decoder->start > 0) {
        memmove(decoder->bytes, decoder->bytes + decoder->start, decoder->end - decoder->start);
        decoder->end -= decoder->start;
        decoder->start = 0;
    }
    *room = DECODER_BYTES - decoder->end;
    return decoder->bytes + decoder->end;
}

void decoder_added(struct decoder *decoder, size_t length)
{
    decoder->end += length;
}

/* Skips to behind the magic. When it is not there, keeps only what may be its beginning. */
static bool hunt(struct decoder *decoder)
{
    while (decoder->end - decoder->start >= MAGIC_BYTES) {
        uint8_t *from = decoder->bytes + decoder->start;
        size_t span = decoder->end - decoder->start - (MAGIC_BYTES - 1);
        uint8_t *found = memchr(from, MAGIC[0], span);
        if (found == NULL) {
            decoder->start += span;
            return false;
        }
        decoder->start = (size_t)(found - decoder->bytes);
        if (memcmp(found, MAGIC, MAGIC_BYTES) == 0) {
            decoder->start += MAGIC_BYTES;
            decoder->framed = true;
            decoder->hello_expected = true;
            return true;
        }
        decoder->start++;
    }
    return false;
}

static uint32_t load_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool header_is_good(const uint8_t *header)
{
    return header[0] == PROTOCOL_VERSION && header[1] >= HOST_HELLO && header[1] <= HOST_POWER_OFF && header[2] == 0
        && header[3] == 0 && load_u32(header + 8) <= FRAME_PAYLOAD_LIMIT;
}

bool decoder_next(struct decoder *decoder, struct frame *frame)
{
    for (;;) {
        if (!decoder->framed && !hunt(decoder)) {
            return false;
        }
        uint8_t *header = decoder->bytes + decoder->start;
        size_t held = decoder->end - decoder->start;
        /* One byte is enough to know a magic, which a host may send without the zeros, from a frame. */
        if (held >= 1 && header[0] != PROTOCOL_VERSION) {
            decoder->framed = false;
            continue;
        }
        if (held < FRAME_HEADER_BYTES) {
            return false;
        }
        if (!header_is_good(header)) {
            decoder->framed = false;
            continue;
        }
        size_t length = load_u32(header + 8);
        if (held < FRAME_HEADER_BYTES + length) {
            return false;
        }
        decoder->start += FRAME_HEADER_BYTES + length;
        uint32_t crc = crc32_update(0, header, 12);
        crc = crc32_update(crc, header + FRAME_HEADER_BYTES, length);
        bool out_of_turn = decoder->hello_expected && header[1] != HOST_HELLO;
        if (crc != load_u32(header + 12) || out_of_turn) {
            decoder->framed = false;
            continue;
        }
        decoder->hello_expected = false;
        *frame = (struct frame){header[1], load_u32(header + 4), header + FRAME_HEADER_BYTES, length};
        return true;
    }
}

size_t frame_begin(struct writer *writer, uint8_t type, uint32_t exec)
{
    size_t place = writer->length;
    write_u8(writer, PROTOCOL_VERSION);
    write_u8(writer, type);
    write_u16(writer, 0);
    write_u32(writer, exec);
    write_u32(writer, 0);
    write_u32(writer, 0);
    return place;
}

static void store_u32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> (8 * i));
    }
}

bool frame_end(struct writer *writer, size_t place)
{
    if (writer->overflow) {
        writer->length = place;
        writer->overflow = false;
        return false;
    }
    uint8_t *header = writer->memory + place;
    size_t length = writer->length - place - FRAME_HEADER_BYTES;
    store_u32(header + 8, (uint32_t)length);
    uint32_t crc = crc32_update(0, header, 12);
    crc = crc32_update(crc, header + FRAME_HEADER_BYTES, length);
    store_u32(header + 12, crc);
    return true;
}
