#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "transfer.h"
#include "tree.h"

#define BUFFER_BYTES 65536

struct unpacking {
    int in, errors;
    enum transfer_end end;
    size_t next, filled; /* of buffer */
    struct tar_header header;
    struct tar_pax pax;
    bool long_path, long_link; /* path or link below came ahead of the header */
    struct tree tree;
    uint8_t buffer[BUFFER_BYTES];
    char path[TAR_PATH_LIMIT];
    char link[TAR_PATH_LIMIT];
    char records[TAR_PAX_LIMIT];
};

static bool refuse(struct unpacking *unpacking, const char *path, const char *what)
{
    transfer_say(unpacking->errors, "unpack", path, what);
    unpacking->end = TRANSFER_REFUSED;
    return false;
}

/* The file system said no. */
static bool fail(struct unpacking *unpacking, const char *path)
{
    bool through = errno == ENOTDIR || errno == ELOOP;
    transfer_say(unpacking->errors, "unpack", path,
        through ? "a part of its path is a link or a file; nothing is written through it" : strerror(errno));
    unpacking->end = through ? TRANSFER_REFUSED : TRANSFER_FAILED;
    return false;
}

/* At least one byte into the empty buffer; false at the end of the input, or with an error said. */
static bool fill(struct unpacking *unpacking)
{
    ssize_t got;
    do {
        got = read(unpacking->in, unpacking->buffer, BUFFER_BYTES);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return fail(unpacking, "");
    }
    unpacking->next = 0;
    unpacking->filled = (size_t)got;
    return got > 0;
}

/* The next bytes, at most this many; none at the end of the input. */
static size_t take(struct unpacking *unpacking, uint64_t most, const uint8_t **bytes)
{
    if (unpacking->next == unpacking->filled && !fill(unpacking)) {
        return 0;
    }
    size_t left = unpacking->filled - unpacking->next;
    size_t count = most < left ? (size_t)most : left;
    *bytes = unpacking->buffer + unpacking->next;
    unpacking->next += count;
    return count;
}

static bool truncated(struct unpacking *unpacking, const char *path)
{
    return unpacking->end != TRANSFER_GOOD ? false : refuse(unpacking, path, "the archive ends too early");
}

/* Hands exactly this many bytes to a file or into memory; neither: they are skipped. */
static bool copy(struct unpacking *unpacking, uint64_t size, int file, char *memory, const char *path)
{
    while (size > 0) {
        const uint8_t *bytes;
        size_t count = take(unpacking, size, &bytes);
        if (count == 0) {
            return truncated(unpacking, path);
        }
        size -= count;
        if (memory != NULL) {
            memcpy(memory, bytes, count);
            memory += count;
        }
        while (file >= 0 && count > 0) {
            ssize_t written = write(file, bytes, count);
            if (written < 0 && errno != EINTR) {
                return fail(unpacking, path);
            }
            bytes += written > 0 ? written : 0;
            count -= written > 0 ? (size_t)written : 0;
        }
    }
    return true;
}

static bool skip_padding(struct unpacking *unpacking, uint64_t size)
{
    return copy(unpacking, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK, -1, NULL, "");
}

/* A block into memory; false at the end of the input, which is an error only within the block. */
static bool read_block(struct unpacking *unpacking, uint8_t block[TAR_BLOCK], bool *at_end)
{
    const uint8_t *bytes;
    size_t count = take(unpacking, TAR_BLOCK, &bytes);
    *at_end = count == 0 && unpacking->end == TRANSFER_GOOD;
    if (count == 0) {
        return false;
    }
    memcpy(block, bytes, count);
    return copy(unpacking, TAR_BLOCK - count, -1, (char *)block + count, "");
}

/* GNU's name of the entry that follows. */
static bool read_long_name(struct unpacking *unpacking, char *name)
{
    uint64_t size = unpacking->header.facts.size;
    if (size >= TAR_PATH_LIMIT) {
        return refuse(unpacking, "", "a name is longer than 65535 bytes");
    }
    name[size] = '\0';
    return copy(unpacking, size, -1, name, "") && skip_padding(unpacking, size);
}

static bool read_records(struct unpacking *unpacking)
{
    uint64_t size = unpacking->header.facts.size;
    if (size > TAR_PAX_LIMIT) {
        return refuse(unpacking, "", "a pax header is larger than 1 MiB");
    }
    if (!copy(unpacking, size, -1, unpacking->records, "") || !skip_padding(unpacking, size)) {
        return false;
    }
    unpacking->pax = (struct tar_pax){.path = NULL};
    const char *wrong = tar_read_pax(unpacking->records, size, &unpacking->pax);
    return wrong == NULL || refuse(unpacking, "", wrong);
}

static void choose_name(char *name, bool came_before, const char *in_header, const char *in_pax, size_t pax_length)
{
    if (in_pax != NULL && pax_length > 0) {
        memcpy(name, in_pax, pax_length);
        name[pax_length] = '\0';
    } else if (!came_before) {
        memcpy(name, in_header, strlen(in_header) + 1);
    }
}

/* What came ahead of a header counts more than the header. */
static void complete_header(struct unpacking *unpacking)
{
    const struct tar_pax *pax = &unpacking->pax;
    struct tar_facts *facts = &unpacking->header.facts;
    choose_name(unpacking->path, unpacking->long_path, unpacking->header.path, pax->path, pax->path_length);
    choose_name(unpacking->link, unpacking->long_link, unpacking->header.link, pax->link, pax->link_length);
    facts->size = pax->has_size ? pax->size : facts->size;
    facts->user = pax->has_user ? pax->user : facts->user;
    facts->group = pax->has_group ? pax->group : facts->group;
    if (pax->has_time) {
        facts->seconds = pax->seconds;
        facts->nanoseconds = pax->nanoseconds;
    }
    unpacking->long_path = unpacking->long_link = false;
    unpacking->pax = (struct tar_pax){.path = NULL};
}

static bool place_file(struct unpacking *unpacking, const char *path)
{
    const struct tar_facts *facts = &unpacking->header.facts;
    int fd = tree_make_file(&unpacking->tree, path);
    if (fd < 0) {
        return fail(unpacking, path);
    }
    bool whole = copy(unpacking, facts->size, fd, NULL, path);
    bool good = whole && tree_settle(&unpacking->tree, fd, facts);
    if (whole && !good) {
        (void)fail(unpacking, path);
    }
    if (close(fd) != 0 && good) { /* some file systems notice only now that they are full */
        good = fail(unpacking, path);
    }
    if (!good) {
        (void)tree_remove(&unpacking->tree, path);
        return false;
    }
    return skip_padding(unpacking, facts->size);
}

static bool place_hard_link(struct unpacking *unpacking, const char *path)
{
    const char *wrong = tree_normalise(unpacking->link);
    if (wrong != NULL || unpacking->link[0] == '\0') {
        return refuse(unpacking, path, wrong != NULL ? wrong : "a hard link to nothing");
    }
    return tree_make_hard_link(&unpacking->tree, path, unpacking->link) || fail(unpacking, path);
}

static bool place(struct unpacking *unpacking)
{
    struct tar_facts *facts = &unpacking->header.facts;
    char *path = unpacking->path;
    size_t length = strlen(path);
    if (facts->type == TAR_FILE && length > 0 && path[length - 1] == '/') {
        facts->type = TAR_DIRECTORY; /* as tar wrote them before it knew directories */
    }
    if (length == 0) {
        return refuse(unpacking, "", "an entry has no name");
    }
    const char *wrong = tree_normalise(path);
    if (wrong != NULL) {
        return refuse(unpacking, path, wrong);
    }
    if (facts->type != TAR_FILE && facts->size > 0) {
        return refuse(unpacking, path, "only files have contents");
    }
    if (path[0] == '\0') { /* the directory itself stays as it is */
        return facts->type == TAR_DIRECTORY || refuse(unpacking, ".", "the directory itself cannot be replaced");
    }
    if (!tree_leave(&unpacking->tree, path)) {
        return fail(unpacking, "a directory before it");
    }
    switch ((enum tar_type)facts->type) {
    case TAR_FILE:
        return place_file(unpacking, path);
    case TAR_DIRECTORY:
        return tree_make_directory(&unpacking->tree, path, facts) || fail(unpacking, path);
    case TAR_HARD_LINK:
        return place_hard_link(unpacking, path);
    case TAR_CHARACTER:
    case TAR_BLOCK_DEVICE:
        if (!unpacking->tree.keeps_owner) {
            return refuse(unpacking, path, "only root unpacks devices");
        }
        break;
    case TAR_SYMLINK:
        if (unpacking->link[0] == '\0') {
            return refuse(unpacking, path, "a symbolic link to nothing");
        }
        break;
    case TAR_FIFO:
        break;
    case TAR_LONG_LINK:
    case TAR_LONG_PATH:
    case TAR_PAX:
    case TAR_PAX_GLOBAL:
    default:
        return refuse(unpacking, path, "entries of its type are not supported");
    }
    return tree_make_special(&unpacking->tree, path, unpacking->link, facts) || fail(unpacking, path);
}

static bool take_entry(struct unpacking *unpacking)
{
    switch (unpacking->header.facts.type) {
    case TAR_LONG_PATH:
        unpacking->long_path = true;
        return read_long_name(unpacking, unpacking->path);
    case TAR_LONG_LINK:
        unpacking->long_link = true;
        return read_long_name(unpacking, unpacking->link);
    case TAR_PAX:
        return read_records(unpacking);
    case TAR_PAX_GLOBAL: /* comments of whoever made the archive */
        return copy(unpacking, unpacking->header.facts.size, -1, NULL, "")
            && skip_padding(unpacking, unpacking->header.facts.size);
    default:
        complete_header(unpacking);
        return place(unpacking);
    }
}

/* Takes all entries; returns at the end or with an error said. */
static void take_archive(struct unpacking *unpacking)
{
    uint8_t block[TAR_BLOCK];
    bool at_end;
    while (read_block(unpacking, block, &at_end)) {
        if (tar_is_end(block)) {
            /* A second block of zeros; what pads the archive behind it is left unread. */
            if (read_block(unpacking, block, &at_end) && !tar_is_end(block)) {
                (void)refuse(unpacking, "", "something follows the end of the archive");
            }
            return;
        }
        const char *wrong = tar_read_header(block, &unpacking->header);
        if (wrong != NULL) {
            (void)refuse(unpacking, "", wrong);
            return;
        }
        if (!take_entry(unpacking)) {
            return;
        }
    }
    if (at_end) {
        (void)truncated(unpacking, "");
    }
}

enum transfer_end unpack(int in, int errors, const char *directory)
{
    struct unpacking *unpacking = mmap(NULL, sizeof *unpacking, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (unpacking == MAP_FAILED) {
        transfer_say(errors, "unpack", directory, strerror(errno));
        return TRANSFER_FAILED;
    }
    unpacking->in = in;
    unpacking->errors = errors;
    if (directory[0] != '/' || strlen(directory) >= TAR_PATH_LIMIT) {
        (void)refuse(unpacking, directory, "the directory is not an absolute path of at most 65535 bytes");
    } else {
        memcpy(unpacking->path, directory, strlen(directory) + 1);
        if (!tree_open(&unpacking->tree, unpacking->path)) {
            transfer_say(errors, "unpack", directory, strerror(errno));
            unpacking->end = errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG ? TRANSFER_REFUSED : TRANSFER_FAILED;
        } else {
            take_archive(unpacking);
            if (!tree_leave(&unpacking->tree, NULL) && unpacking->end == TRANSFER_GOOD) {
                (void)fail(unpacking, directory);
            }
            close(unpacking->tree.root);
        }
    }
    enum transfer_end end = unpacking->end;
    munmap(unpacking, sizeof *unpacking);
    return end;
}
