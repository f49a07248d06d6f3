/*
 * What the kernel runs when it wants a module: loads it from the pack beside this program, which the job's root directory
 * does not hold. Anything else than loading is no business of this program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pack.h"

#define PACK "modules.pack"
/* Debian's largest module has 4 MiB. */
#define MODULE_LIMIT (32u << 20)

static bool map_pack(const char *program, struct pack *pack)
{
    char path[256];
    const char *slash = strrchr(program, '/');
    size_t directory = slash == NULL ? 0 : (size_t)(slash - program) + 1;
    if (directory + sizeof PACK > sizeof path) {
        return false;
    }
    memcpy(path, program, directory);
    memcpy(path + directory, PACK, sizeof PACK);
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size <= 0) {
        return false;
    }
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return bytes != MAP_FAILED && pack_read(pack, bytes, (size_t)status.st_size);
}

static bool insert(const struct packed_module *module)
{
    if (module->size > MODULE_LIMIT) {
        return false;
    }
    uint8_t *image = mmap(NULL, module->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (image == MAP_FAILED) {
        return false;
    }
    bool good = lz4_unpack(module->block, module->packed, image, module->size)
        && (syscall(SYS_init_module, image, module->size, "") == 0 || errno == EEXIST);
    (void)munmap(image, module->size);
    return good;
}

static bool load(const struct pack *pack, size_t line)
{
    struct packed_module module, needed;
    if (!pack_module(pack, line, &module)) {
        return false;
    }
    /* In load order, whole: what a dependency needs stands before it in the same list. */
    for (const char *text = module.dependencies; *text >= '0' && *text <= '9';) {
        char *end;
        size_t other = strtoul(text, &end, 10);
        if (other >= line || !pack_module(pack, other, &needed) || !insert(&needed)) {
            return false;
        }
        text = *end == ',' ? end + 1 : end;
    }
    return insert(&module);
}

int main(int argc, char **argv)
{
    static struct pack pack;
    bool loaded = false;
    if (argc < 2 || !map_pack(argv[0], &pack)) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            continue; /* -q and --, as the kernel and iptables say it */
        }
        for (size_t line = 0; line < pack.count; line++) {
            struct packed_module module;
            if (pack_module(&pack, line, &module) && pack_answers(&module, argv[i])) {
                loaded |= load(&pack, line);
            }
        }
    }
    return loaded ? 0 : 1;
}
