#include "boot.h"

#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

#define MODULES_LIST "/modules.list"
#define MODULES_LIST_BYTES 16384
#define MODULE_COMPRESSED 4 /* MODULE_INIT_COMPRESSED_FILE */
#define DEMAND "/demand"
#define KVM_MINOR 232
#define VMX (1u << 5) /* leaf 1, ecx */
#define SVM (1u << 2) /* leaf 0x80000001, ecx */
#define PORTS "/sys/class/virtio-ports"
/* 30 s: a busy host emulating a guest is slow, but a port that is not there then will not come. */
#define PORT_TRIES 15000
#define PORT_PAUSE (2 * MILLISECOND)
#define OPEN_FILES 524288

void boot_mount(void)
{
    static const char *const places[][2] = {{"/proc", "proc"}, {"/sys", "sysfs"}, {"/dev", "devtmpfs"}};
    umask(022);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        (void)mkdir(places[i][0], 0755);
        unsigned long flags = i < 2 ? MS_NOSUID | MS_NOEXEC | MS_NODEV : MS_NOSUID;
        (void)mount(places[i][1], places[i][0], places[i][1], flags, i < 2 ? NULL : "mode=0755");
    }
    int fd = open("/dev/null", O_RDWR);
    for (int i = 0; fd >= 0 && i < 3; i++) {
        if (fd != i) {
            (void)dup2(fd, i);
        }
    }
    if (fd > 2) {
        close(fd);
    }
}

static void load_module(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        note("module %s: %s", path, strerror(errno));
        return;
    }
    size_t length = strlen(path);
    bool plain = length > 3 && strcmp(path + length - 3, ".ko") == 0;
    if (syscall(SYS_finit_module, fd, "", plain ? 0 : MODULE_COMPRESSED) != 0 && errno != EEXIST) {
        note("module %s: %s", path, strerror(errno));
    }
    close(fd);
    (void)unlink(path); /* what is loaded need not stay in memory twice */
}

void boot_load_modules(void)
{
    static char list[MODULES_LIST_BYTES];
    if (!file_read(AT_FDCWD, MODULES_LIST, list, sizeof list)) {
        return;
    }
    (void)chdir("/");
    char *rest = list;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] != '\0' && line[0] != '#') {
            load_module(line);
        }
    }
}

void boot_protect(struct agent *agent)
{
    agent->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)file_write(agent->proc, "self/oom_score_adj", "-1000");
    struct rlimit files = {OPEN_FILES, OPEN_FILES};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    /* Everything of fixed size is touched now; a window is locked as it is touched, so that a quiet exec costs little. */
    (void)mlockall(MCL_CURRENT);
    (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

static bool virtualizes(void)
{
    unsigned a, b, c, d;
    return (__get_cpuid(1, &a, &b, &c, &d) && (c & VMX) != 0) || (__get_cpuid(0x80000001, &a, &b, &c, &d) && (c & SVM) != 0);
}

void boot_offer_modules(const struct agent *agent)
{
    static const struct {
        const char *path;
        uint8_t minor;
        uint16_t mode;
    } nodes[] = {
        {"/dev/loop-control", 237, 0660},
        {"/dev/fuse", 229, 0666},
        {"/dev/net/tun", 200, 0666},
        {"/dev/kvm", KVM_MINOR, 0666},
    };
    /* Kept open: once the root has changed, the way to it goes through our descriptors, and no job sees it among its files. */
    int fd = open(DEMAND, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        char helper[64];
        snprintf(helper, sizeof helper, "/proc/1/fd/%d/modprobe", fd);
        (void)file_write(agent->proc, "sys/kernel/modprobe", helper);
    }
    (void)mkdir("/dev/net", 0755);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        if (fd >= 0 && (nodes[i].minor != KVM_MINOR || virtualizes())) {
            (void)mknod(nodes[i].path, S_IFCHR | nodes[i].mode, makedev(10, nodes[i].minor));
        }
        (void)chmod(nodes[i].path, nodes[i].mode); /* also one that a built-in driver has made for root alone */
    }
}

static int open_if_named(const char *port)
{
    char path[sizeof PORTS + 64], name[64];
    if (strlen(port) > 32) {
        return -1;
    }
    snprintf(path, sizeof path, PORTS "/%.32s/name", port);
    if (!file_read(AT_FDCWD, path, name, sizeof name)) {
        return -1;
    }
    name[strcspn(name, "\n")] = '\0';
    if (strcmp(name, PORT_NAME) != 0) {
        return -1;
    }
    snprintf(path, sizeof path, "/dev/%.32s", port);
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static int look_for_port(void)
{
    DIR *directory = opendir(PORTS);
    int fd = -1;
    if (directory == NULL) {
        return -1;
    }
    for (struct dirent *entry; fd < 0 && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') {
            fd = open_if_named(entry->d_name);
        }
    }
    closedir(directory);
    return fd;
}

int boot_open_port(void)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        int fd = look_for_port();
        if (fd >= 0) {
            return fd;
        }
        nanosleep(&(struct timespec){.tv_nsec = PORT_PAUSE}, NULL);
    }
    return -1;
}
