/* A byte ring with absolute offsets: what was put in at offset n is found at offset n until it is forgotten. */
#ifndef MAYFLY_RING_H
#define MAYFLY_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ring {
    uint8_t *memory;
    size_t size;    /* a power of two */
    uint64_t begin; /* the first byte kept */
    uint64_t end;   /* behind the last byte */
};

/* Gets memory from the kernel; not copied into forked children. False when there is none. */
bool ring_open(struct ring *ring, size_t size);
void ring_close(struct ring *ring);
size_t ring_used(const struct ring *ring);
size_t ring_room(const struct ring *ring);
/* The free space as at most two pieces, for readv; then ring_filled. */
int ring_space(const struct ring *ring, struct iovec pieces[2]);
void ring_filled(struct ring *ring, size_t length);
/* Puts bytes that fit. */
void ring_put(struct ring *ring, const uint8_t *data, size_t length);
/* What is kept from this offset on, at most length bytes of it, as at most two pieces. */
int ring_view(const struct ring *ring, uint64_t offset, size_t length, struct iovec pieces[2]);
/* Forgets all before this offset, which lies between begin and end. */
void ring_forget(struct ring *ring, uint64_t offset);

#endif
