#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tar.h"
#include "transfer.h"

#define BUFFER_BYTES 65536
#define CHUNK_BYTES 16384
/* Files of several names that are remembered; of more, each name gets its own copy of the contents. */
#define LINK_SLOTS 8192
#define LINK_PATH_BYTES (1024 * 1024)

struct linked {
    dev_t device;
    ino_t inode;
    size_t path; /* in link_paths; 0: the slot is free */
};

struct packing {
    int out, errors;
    enum transfer_end end;
    bool broken; /* nothing more can be written */
    size_t held; /* of buffer */
    size_t path_length;
    size_t link_paths_used;
    struct linked links[LINK_SLOTS];
    char link_paths[LINK_PATH_BYTES];
    char path[TAR_PATH_LIMIT];
    char link[TAR_PATH_LIMIT];
    uint8_t headers[TAR_WRITE_LIMIT];
    uint8_t buffer[BUFFER_BYTES];
    uint8_t chunk[CHUNK_BYTES]; /* of the file being read */
};

/* It is not in the archive, or not as it should be; the rest is packed. */
static void complain(struct packing *packing, const char *what)
{
    transfer_say(packing->errors, "pack", packing->path, what);
    packing->end = TRANSFER_FAILED;
}

static void flush(struct packing *packing)
{
    size_t sent = 0;
    while (sent < packing->held && !packing->broken) {
        ssize_t written = write(packing->out, packing->buffer + sent, packing->held - sent);
        if (written < 0 && errno != EINTR) {
            complain(packing, strerror(errno));
            packing->broken = true;
        }
        sent += written > 0 ? (size_t)written : 0;
    }
    packing->held = 0;
}

static void put(struct packing *packing, const void *bytes, size_t length)
{
    const uint8_t *next = bytes;
    while (length > 0 && !packing->broken) {
        size_t room = BUFFER_BYTES - packing->held;
        size_t count = length < room ? length : room;
        memcpy(packing->buffer + packing->held, next, count);
        packing->held += count;
        next += count;
        length -= count;
        if (packing->held == BUFFER_BYTES) {
            flush(packing);
        }
    }
}

static void put_zeros(struct packing *packing, uint64_t length)
{
    static const uint8_t zeros[TAR_BLOCK];
    while (length > 0 && !packing->broken) {
        size_t count = length < sizeof zeros ? (size_t)length : sizeof zeros;
        put(packing, zeros, count);
        length -= count;
    }
}

static void put_headers(struct packing *packing, const struct tar_facts *facts, const char *link)
{
    put(packing, packing->headers, tar_write_headers(packing->headers, facts, packing->path, link));
}

/* The path under which this file is in the archive already; else remembers this one and gives NULL. */
static const char *known_as(struct packing *packing, const struct stat *status)
{
    size_t hash = (size_t)(status->st_ino * UINT64_C(0x9E3779B97F4A7C15) >> 32);
    for (size_t i = 0; i < LINK_SLOTS; i++) {
        struct linked *slot = &packing->links[(hash + i) % LINK_SLOTS];
        if (slot->path == 0) {
            size_t length = packing->path_length + 1;
            if (length <= LINK_PATH_BYTES - packing->link_paths_used) {
                *slot = (struct linked){status->st_dev, status->st_ino, packing->link_paths_used};
                memcpy(packing->link_paths + packing->link_paths_used, packing->path, length);
                packing->link_paths_used += length;
            }
            return NULL;
        }
        if (slot->inode == status->st_ino && slot->device == status->st_dev) {
            return packing->link_paths + slot->path;
        }
    }
    return NULL;
}

static void put_contents(struct packing *packing, int fd, uint64_t size)
{
    uint8_t *bytes = packing->chunk;
    uint64_t left = size;
    while (left > 0 && !packing->broken) {
        ssize_t got = read(fd, bytes, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            char what[120];
            snprintf(what, sizeof what, "%s; its last %llu bytes are zeros in the archive",
                got < 0 ? strerror(errno) : "it shrank while it was read", (unsigned long long)left);
            complain(packing, what);
            put_zeros(packing, left);
            left = 0;
        } else {
            put(packing, bytes, (size_t)got);
            left -= (uint64_t)got;
        }
    }
    put_zeros(packing, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

static void pack_file(struct packing *packing, int parent, const char *name, struct tar_facts *facts)
{
    /* Without waiting, should a FIFO have taken its place. */
    int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        complain(packing, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        complain(packing, "it was replaced while it was read; it is not in the archive");
    } else {
        const char *known = status.st_nlink > 1 ? known_as(packing, &status) : NULL;
        facts->size = known == NULL ? (uint64_t)status.st_size : 0;
        facts->type = known == NULL ? TAR_FILE : TAR_HARD_LINK;
        put_headers(packing, facts, known == NULL ? "" : known);
        put_contents(packing, fd, facts->size);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void pack_symlink(struct packing *packing, int parent, const char *name, const struct tar_facts *facts)
{
    ssize_t length = readlinkat(parent, name, packing->link, sizeof packing->link);
    if (length <= 0 || (size_t)length == sizeof packing->link) {
        complain(packing, length < 0 ? strerror(errno) : "its target cannot be read");
        return;
    }
    packing->link[length] = '\0';
    put_headers(packing, facts, packing->link);
}

static void pack_entry(struct packing *packing, int parent, const char *name, unsigned depth);

static void pack_directory(struct packing *packing, int parent, const char *name, unsigned depth,
    const struct tar_facts *facts)
{
    if (depth + 1 >= TAR_DEPTH_LIMIT) {
        complain(packing, "it lies more than 256 directories deep; it is not in the archive");
        return;
    }
    size_t before = packing->path_length;
    packing->path[packing->path_length++] = '/';
    packing->path[packing->path_length] = '\0';
    put_headers(packing, facts, "");
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        complain(packing, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    struct dirent *entry;
    while (!packing->broken && (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        size_t length = strlen(entry->d_name);
        if (length > 255) { /* no name of ours, and the deepest path must fit */
            complain(packing, "a name in it is longer than 255 bytes; it is not in the archive");
            continue;
        }
        memcpy(packing->path + before + 1, entry->d_name, length + 1);
        packing->path_length = before + 1 + length;
        pack_entry(packing, fd, entry->d_name, depth + 1);
    }
    closedir(directory);
}

static void pack_entry(struct packing *packing, int parent, const char *name, unsigned depth)
{
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        complain(packing, strerror(errno));
        return;
    }
    struct tar_facts facts = {.mode = status.st_mode & 07777, .user = status.st_uid, .group = status.st_gid,
        .seconds = status.st_mtim.tv_sec};
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
        pack_file(packing, parent, name, &facts);
        break;
    case S_IFDIR:
        facts.type = TAR_DIRECTORY;
        pack_directory(packing, parent, name, depth, &facts);
        break;
    case S_IFLNK:
        facts.type = TAR_SYMLINK;
        pack_symlink(packing, parent, name, &facts);
        break;
    case S_IFIFO:
        facts.type = TAR_FIFO;
        put_headers(packing, &facts, "");
        break;
    case S_IFCHR:
    case S_IFBLK:
        facts.type = S_ISCHR(status.st_mode) ? TAR_CHARACTER : TAR_BLOCK_DEVICE;
        facts.major = major(status.st_rdev);
        facts.minor = minor(status.st_rdev);
        put_headers(packing, &facts, "");
        break;
    default: /* nothing is lost with it: without its process it is nothing */
        transfer_say(packing->errors, "pack", packing->path, "sockets are not packed");
        break;
    }
}

/* Where the last name of a path begins; slashes at the end are cut off. */
static char *last_name(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        path[--length] = '\0';
    }
    return strrchr(path, '/') + 1;
}

static enum transfer_end refuse(int errors, const char *path, const char *what)
{
    transfer_say(errors, "pack", path, what);
    return TRANSFER_REFUSED;
}

static enum transfer_end pack_all(struct packing *packing, const char *path)
{
    char *whole = packing->link; /* free until the first link */
    memcpy(whole, path, strlen(path) + 1);
    char *name = last_name(whole);
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return refuse(packing->errors, path, "the path ends in no name that the archive could carry");
    }
    if (strlen(name) > 255) {
        return refuse(packing->errors, path, strerror(ENAMETOOLONG));
    }
    char base[256];
    memcpy(base, name, strlen(name) + 1);
    *name = '\0';
    int parent = open(whole, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    if (parent < 0 || fstatat(parent, base, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        int error = errno;
        if (parent >= 0) {
            close(parent);
        }
        return refuse(packing->errors, path, strerror(error));
    }
    packing->path_length = strlen(base);
    memcpy(packing->path, base, packing->path_length + 1);
    packing->link_paths_used = 1; /* 0 means none */
    pack_entry(packing, parent, base, 0);
    close(parent);
    put_zeros(packing, 2 * TAR_BLOCK);
    flush(packing);
    return packing->end;
}

enum transfer_end pack(const char *path, int out, int errors)
{
    if (path[0] != '/' || strlen(path) >= TAR_PATH_LIMIT) {
        return refuse(errors, path, "it is not an absolute path of at most 65535 bytes");
    }
    struct packing *packing = mmap(NULL, sizeof *packing, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (packing == MAP_FAILED) {
        transfer_say(errors, "pack", path, strerror(errno));
        return TRANSFER_FAILED;
    }
    packing->out = out;
    packing->errors = errors;
    enum transfer_end end = pack_all(packing, path);
    munmap(packing, sizeof *packing);
    return end;
}
