#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define OPEN_STEP (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static void close_quietly(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}

static bool make_outside(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0) {
        return true;
    }
    int error = errno; /* a directory that is there may also be said to be read-only or forbidden */
    bool there = stat(path, &status) == 0;
    errno = error;
    return there;
}

bool tree_open(struct tree *tree, char *directory)
{
    for (char *slash = directory; (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        bool there = make_outside(directory);
        *slash = '/';
        if (!there) {
            return false;
        }
    }
    if (!make_outside(directory)) {
        return false;
    }
    tree->keeps_owner = geteuid() == 0;
    tree->depth = 0;
    tree->root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return tree->root >= 0;
}

const char *tree_normalise(char *path)
{
    if (path[0] == '/') {
        return "absolute names are not unpacked";
    }
    char *to = path;
    unsigned depth = 0;
    for (const char *part = path; *part != '\0';) {
        size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            return "names with .. are not unpacked";
        }
        if (length > NAME_MAX) {
            return "a part of the name is longer than 255 bytes";
        }
        const char *next = part + length + strspn(part + length, "/");
        if (length > 1 || (length == 1 && part[0] != '.')) {
            if (++depth > TAR_DEPTH_LIMIT) {
                return "it lies more than 256 directories deep";
            }
            if (to != path) {
                *to++ = '/';
            }
            memmove(to, part, length);
            to += length;
        }
        part = next;
    }
    *to = '\0';
    return NULL;
}

static int open_step(int at, const char *name, bool make)
{
    int fd = openat(at, name, OPEN_STEP);
    if (fd < 0 && errno == ENOENT && make && (mkdirat(at, name, 0777) == 0 || errno == EEXIST)) {
        fd = openat(at, name, OPEN_STEP);
    }
    return fd;
}

/* The directory that this path lies in, and its last name. */
static int open_parent(const struct tree *tree, const char *path, bool make, const char **last)
{
    int at = openat(tree->root, ".", OPEN_STEP);
    const char *part = path;
    for (const char *slash; at >= 0 && (slash = strchr(part, '/')) != NULL; part = slash + 1) {
        char name[NAME_MAX + 1];
        memcpy(name, part, (size_t)(slash - part)); /* normalised: it fits */
        name[slash - part] = '\0';
        int next = open_step(at, name, make);
        close_quietly(at);
        at = next;
    }
    *last = part;
    return at;
}

bool tree_settle(const struct tree *tree, int fd, const struct tar_facts *facts)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {facts->seconds, facts->nanoseconds}};
    return (!tree->keeps_owner || fchown(fd, facts->user, facts->group) == 0) /* takes away set-user-id, so first */
        && fchmod(fd, facts->mode) == 0 && futimens(fd, times) == 0;
}

static bool settle_directory(const struct tree *tree, const struct open_directory *directory)
{
    struct stat status;
    if (!directory->made && !tree->keeps_owner && fstat(directory->fd, &status) == 0 && status.st_uid != geteuid()) {
        return true; /* it was there and is not ours to change, as /tmp */
    }
    return tree_settle(tree, directory->fd, &directory->facts);
}

bool tree_leave(struct tree *tree, const char *path)
{
    bool good = true;
    while (tree->depth > 0) {
        struct open_directory *directory = &tree->open[tree->depth - 1];
        size_t length = directory->path_length;
        if (path != NULL && strncmp(path, tree->path, length) == 0 && path[length] == '/') {
            break;
        }
        good = settle_directory(tree, directory) && good;
        close_quietly(directory->fd);
        tree->depth--;
    }
    return good;
}

int tree_make_file(struct tree *tree, const char *path)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const char *last;
    int parent = open_parent(tree, path, true, &last);
    if (parent < 0) {
        return -1;
    }
    int fd = openat(parent, last, flags, 0600);
    if (fd < 0 && errno == EEXIST && unlinkat(parent, last, 0) == 0) {
        fd = openat(parent, last, flags, 0600);
    }
    close_quietly(parent);
    return fd;
}

bool tree_remove(struct tree *tree, const char *path)
{
    const char *last;
    int parent = open_parent(tree, path, false, &last);
    bool good = parent >= 0 && unlinkat(parent, last, 0) == 0;
    if (parent >= 0) {
        close_quietly(parent);
    }
    return good;
}

bool tree_make_directory(struct tree *tree, const char *path, const struct tar_facts *facts)
{
    const char *last;
    int parent = open_parent(tree, path, true, &last);
    if (parent < 0) {
        return false;
    }
    bool made = mkdirat(parent, last, 0700) == 0;
    struct stat status;
    if (!made && errno == EEXIST && fstatat(parent, last, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode)) {
        made = unlinkat(parent, last, 0) == 0 && mkdirat(parent, last, 0700) == 0;
    }
    int fd = made || errno == EEXIST ? openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    close_quietly(parent);
    if (fd < 0) {
        return false;
    }
    struct open_directory *directory = &tree->open[tree->depth++]; /* not deeper than a path may be */
    *directory = (struct open_directory){fd, strlen(path), made, *facts};
    memcpy(tree->path, path, directory->path_length + 1);
    return true;
}

bool tree_make_hard_link(struct tree *tree, const char *path, const char *target)
{
    const char *last, *target_last;
    int from = open_parent(tree, target, false, &target_last);
    int parent = from >= 0 ? open_parent(tree, path, true, &last) : -1;
    bool good = false;
    if (parent >= 0) {
        good = linkat(from, target_last, parent, last, 0) == 0;
        struct stat old, new;
        if (!good && errno == EEXIST) {
            bool same = fstatat(from, target_last, &new, AT_SYMLINK_NOFOLLOW) == 0
                && fstatat(parent, last, &old, AT_SYMLINK_NOFOLLOW) == 0 && old.st_dev == new.st_dev
                && old.st_ino == new.st_ino; /* removing it could remove the target */
            good = same || (unlinkat(parent, last, 0) == 0 && linkat(from, target_last, parent, last, 0) == 0);
        }
        close_quietly(parent);
    }
    if (from >= 0) {
        close_quietly(from);
    }
    return good;
}

static bool make_special_at(int parent, const char *last, const char *link, const struct tar_facts *facts)
{
    switch (facts->type) {
    case TAR_SYMLINK:
        return symlinkat(link, parent, last) == 0;
    case TAR_CHARACTER:
        return mknodat(parent, last, S_IFCHR | facts->mode, makedev(facts->major, facts->minor)) == 0;
    case TAR_BLOCK_DEVICE:
        return mknodat(parent, last, S_IFBLK | facts->mode, makedev(facts->major, facts->minor)) == 0;
    default:
        return mknodat(parent, last, S_IFIFO | facts->mode, 0) == 0;
    }
}

bool tree_make_special(struct tree *tree, const char *path, const char *link, const struct tar_facts *facts)
{
    const char *last;
    int parent = open_parent(tree, path, true, &last);
    if (parent < 0) {
        return false;
    }
    /* Made with its mode at once: changing it afterwards by name could hit what somebody put in its place. */
    mode_t mask = umask(0);
    bool good = make_special_at(parent, last, link, facts);
    if (!good && errno == EEXIST) {
        good = unlinkat(parent, last, 0) == 0 && make_special_at(parent, last, link, facts);
    }
    (void)umask(mask);
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {facts->seconds, facts->nanoseconds}};
    good = good && (!tree->keeps_owner || fchownat(parent, last, facts->user, facts->group, AT_SYMLINK_NOFOLLOW) == 0);
    if (good) {
        (void)utimensat(parent, last, times, AT_SYMLINK_NOFOLLOW); /* not every file system keeps a link's time */
    }
    close_quietly(parent);
    return good;
}
