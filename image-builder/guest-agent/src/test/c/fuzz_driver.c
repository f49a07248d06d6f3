/*
 * Where there is no libFuzzer: runs every file of the corpus, then mutations of them from a seed, so that a run can be
 * repeated. usage: fuzz CORPUS SEED ROUNDS SECONDS | fuzz --replay FILE. Stops at ROUNDS or SECONDS, whichever is first;
 * the input under way is kept in ./fuzz-input, so that a crash leaves it behind.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "fuzz.h"

#define FILES 256
#define INPUT_FILE "fuzz-input"

struct input {
    char name[256];
    size_t size;
    uint8_t *bytes;
};

static struct input corpus[FILES];
static size_t corpus_size;
static uint64_t state;

static uint32_t next_random(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below == 0 ? 0 : (uint32_t)(state >> 32) % below;
}

static struct input load(const char *path)
{
    struct input input = {.bytes = malloc(FUZZ_INPUT_LIMIT)};
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL && input.bytes != NULL);
    input.size = fread(input.bytes, 1, FUZZ_INPUT_LIMIT, file);
    fclose(file);
    return input;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct input *)a)->name, ((const struct input *)b)->name);
}

static void load_corpus(const char *path)
{
    DIR *directory = opendir(path);
    CHECK(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && corpus_size < FILES;) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        corpus[corpus_size] = load(file);
        snprintf(corpus[corpus_size].name, sizeof corpus->name, "%s", entry->d_name);
        corpus_size++;
    }
    closedir(directory);
    CHECK(corpus_size > 0);
    qsort(corpus, corpus_size, sizeof *corpus, by_name); /* the order of a directory is chance */
}

static void change(uint8_t *bytes, size_t *size)
{
    static const uint32_t edges[] = {0, 1, 7, 8, 15, 16, 255, 32767, 32768, 65535, 65536, 65537, 0x7FFFFFFF, 0xFFFFFFFF};
    uint32_t at = next_random((uint32_t)*size), from, length;
    switch (next_random(6)) {
    case 0:
        bytes[at] ^= (uint8_t)(1 << next_random(8));
        break;
    case 1:
        bytes[at] = (uint8_t)next_random(256);
        break;
    case 2:
        if (*size - at >= 4) {
            memcpy(bytes + at, &edges[next_random(sizeof edges / sizeof *edges)], 4);
        }
        break;
    case 3: /* remove */
        length = next_random(64) + 1;
        if (*size - at > length) {
            memmove(bytes + at, bytes + at + length, *size - at - length);
            *size -= length;
        }
        break;
    case 4: /* repeat a piece elsewhere */
        from = next_random((uint32_t)*size);
        length = next_random(256) + 1;
        length = length < *size - from ? length : (uint32_t)(*size - from);
        if (*size + length <= FUZZ_INPUT_LIMIT) {
            uint8_t piece[256];
            memcpy(piece, bytes + from, length);
            memmove(bytes + at + length, bytes + at, *size - at);
            memcpy(bytes + at, piece, length);
            *size += length;
        }
        break;
    default: /* go on with another conversation */
    {
        const struct input *other = &corpus[next_random((uint32_t)corpus_size)];
        if (other->size > 1 && at + other->size <= FUZZ_INPUT_LIMIT) {
            memcpy(bytes + at, other->bytes + 1, other->size - 1);
            *size = at + other->size - 1 > *size ? at + other->size - 1 : *size;
        }
        break;
    }
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--replay") == 0) {
        struct input input = load(argv[2]);
        (void)LLVMFuzzerTestOneInput(input.bytes, input.size);
        free(input.bytes);
        return 0;
    }
    CHECK(argc == 5);
    load_corpus(argv[1]);
    state = strtoull(argv[2], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    unsigned long rounds = strtoul(argv[3], NULL, 10), round = 0;
    time_t end = time(NULL) + (time_t)strtoul(argv[4], NULL, 10);
    for (size_t i = 0; i < corpus_size; i++) {
        (void)LLVMFuzzerTestOneInput(corpus[i].bytes, corpus[i].size);
    }
    int fd = open(INPUT_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CHECK(fd >= 0 && ftruncate(fd, FUZZ_INPUT_LIMIT) == 0);
    uint8_t *bytes = mmap(NULL, FUZZ_INPUT_LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(bytes != MAP_FAILED);
    for (; round < rounds && time(NULL) < end; round++) {
        const struct input *base = &corpus[next_random((uint32_t)corpus_size)];
        size_t size = base->size;
        memcpy(bytes, base->bytes, size);
        for (uint32_t i = next_random(8); size > 0; i--) {
            change(bytes, &size);
            if (i == 0) {
                break;
            }
        }
        CHECK(ftruncate(fd, (off_t)size) == 0);
        (void)LLVMFuzzerTestOneInput(bytes, size);
        CHECK(ftruncate(fd, FUZZ_INPUT_LIMIT) == 0);
    }
    (void)unlink(INPUT_FILE);
    fprintf(stderr, "fuzzed the guest agent: %zu files of the corpus, %lu mutations\n", corpus_size, round);
    for (size_t i = 0; i < corpus_size; i++) {
        free(corpus[i].bytes);
    }
    return 0;
}
