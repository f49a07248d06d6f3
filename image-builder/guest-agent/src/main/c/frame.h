/* Frames in and out of a byte stream, with resynchronisation. Pure: no I/O. */
#ifndef MAYFLY_FRAME_H
#define MAYFLY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "wire.h"

struct frame {
    uint8_t type;
    uint32_t exec;
    const uint8_t *payload; /* valid until the next call on the decoder */
    size_t length;
};

/* Room for the largest frame and a read behind it, so that moving bytes to the front is rare. */
#define DECODER_BYTES (2 * FRAME_LIMIT)

struct decoder {
    bool framed;        /* else hunting for the magic */
    bool hello_expected;
    size_t start, end;
    uint8_t bytes[DECODER_BYTES];
};

/* Forgets everything and hunts. */
void decoder_reset(struct decoder *decoder);
/* Where to put the next bytes; at least one fits whenever decoder_next has said false. */
uint8_t *decoder_space(struct decoder *decoder, size_t *room);
void decoder_added(struct decoder *decoder, size_t length);
/* The next good frame; false when more bytes are needed. Whatever is not a frame has been skipped. */
bool decoder_next(struct decoder *decoder, struct frame *frame);

/* Begins a frame behind what the writer holds; its payload is then written with the write_ functions. Returns its place. */
size_t frame_begin(struct writer *writer, uint8_t type, uint32_t exec);
/* Fills in length and CRC of the frame begun at this place. On overflow the frame is taken back and false returned. */
bool frame_end(struct writer *writer, size_t place);

#endif
