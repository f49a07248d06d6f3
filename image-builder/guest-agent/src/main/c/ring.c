#include "ring.h"

#include <string.h>
#include <sys/mman.h>

bool ring_open(struct ring *ring, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    (void)madvise(memory, size, MADV_DONTFORK);
    *ring = (struct ring){.memory = memory, .size = size};
    return true;
}

void ring_close(struct ring *ring)
{
    if (ring->memory != NULL) {
        munmap(ring->memory, ring->size);
    }
    ring->memory = NULL;
    ring->size = 0;
}

size_t ring_used(const struct ring *ring)
{
    return (size_t)(ring->end - ring->begin);
}

size_t ring_room(const struct ring *ring)
{
    return ring->size - ring_used(ring);
}

/* Cuts length bytes at this offset where the memory ends. */
static int pieces_at(const struct ring *ring, uint64_t offset, size_t length, struct iovec pieces[2])
{
    if (length == 0) {
        return 0;
    }
    size_t at = (size_t)(offset & (ring->size - 1));
    size_t first = ring->size - at < length ? ring->size - at : length;
    pieces[0] = (struct iovec){ring->memory + at, first};
    pieces[1] = (struct iovec){ring->memory, length - first};
    return length > first ? 2 : 1;
}

int ring_space(const struct ring *ring, struct iovec pieces[2])
{
    return pieces_at(ring, ring->end, ring_room(ring), pieces);
}

void ring_filled(struct ring *ring, size_t length)
{
    ring->end += length;
}

void ring_put(struct ring *ring, const uint8_t *data, size_t length)
{
    struct iovec pieces[2];
    int count = pieces_at(ring, ring->end, length, pieces);
    for (int i = 0; i < count; i++) {
        memcpy(pieces[i].iov_base, data, pieces[i].iov_len);
        data += pieces[i].iov_len;
    }
    ring->end += length;
}

int ring_view(const struct ring *ring, uint64_t offset, size_t length, struct iovec pieces[2])
{
    uint64_t kept = ring->end - offset;
    return pieces_at(ring, offset, kept < length ? (size_t)kept : length, pieces);
}

void ring_forget(struct ring *ring, uint64_t offset)
{
    ring->begin = offset;
}
