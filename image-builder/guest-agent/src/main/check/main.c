/* Runs the list: one line a check, "pass NAME", "fail NAME REASON" or "skip NAME REASON"; 0 when nothing failed. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REASON_BYTES 200
#define PASSED 0
#define FAILED 1
#define SKIPPED 2
/* Emulated guests on a busy host are slow; what hangs, hangs longer. */
#define SECONDS 60
#define LONG_SECONDS 300
#define OPEN_DIRECTORIES 16

int64_t host_time;
static int reason_fd = -1;

static const struct check {
    const char *name;
    void (*run)(void);
    int seconds;
} checks[] = {
    {"mount-tmpfs", check_mount_tmpfs, SECONDS},
    {"mount-bind", check_mount_bind, SECONDS},
    {"mount-proc", check_mount_proc, SECONDS},
    {"cgroup-controllers", check_cgroup_controllers, SECONDS},
    {"cgroup-pids", check_cgroup_pids, SECONDS},
    {"cgroup-memory", check_cgroup_memory, SECONDS},
    {"namespace-user", check_namespace_user, SECONDS},
    {"namespace-pid", check_namespace_pid, SECONDS},
    {"namespace-net", check_namespace_net, SECONDS},
    {"namespace-mount", check_namespace_mount, SECONDS},
    {"namespace-uts", check_namespace_uts, SECONDS},
    {"namespace-ipc", check_namespace_ipc, SECONDS},
    {"overlay", check_overlay, SECONDS},
    {"loop", check_loop, SECONDS},
    {"tun", check_tun, SECONDS},
    {"fuse", check_fuse, SECONDS},
    {"pty", check_pty, SECONDS},
    {"nft-masquerade", check_nft, SECONDS},
    {"iptables-nat", check_iptables, SECONDS},
    {"bridge-veth", check_bridge, SECONDS},
    {"dns", check_dns, SECONDS},
    {"clock", check_clock, SECONDS},
    {"monotonic", check_monotonic, SECONDS},
    {"entropy", check_entropy, SECONDS},
    {"large-file", check_large_file, LONG_SECONDS},
    {"small-files", check_small_files, LONG_SECONDS},
    {"shared-memory", check_shared_memory, SECONDS},
    {"memfd", check_memfd, SECONDS},
    {"io-uring", check_io_uring, SECONDS},
    {"unix-socket", check_unix_socket, SECONDS},
    {"setuid", check_setuid, SECONDS},
    {"links", check_links, SECONDS},
    {"xattr", check_xattr, SECONDS},
};

static noreturn void say(int code, const char *format, va_list arguments)
{
    char text[REASON_BYTES];
    int length = vsnprintf(text, sizeof text, format, arguments);
    ssize_t written = write(reason_fd, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
    (void)written;
    _exit(code);
}

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(FAILED, format, arguments);
}

void skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(SKIPPED, format, arguments);
}

int must(int value, const char *what)
{
    if (value < 0) {
        fail("%s: %s", what, strerror(errno));
    }
    return value;
}

void own_mounts(void)
{
    must(unshare(CLONE_NEWNS), "a mount namespace");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "making mounts private");
}

void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    size_t length = strlen(text);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length || close(fd) != 0) {
        fail("writing %s: %s", path, strerror(errno));
    }
}

void read_file(const char *path, char *text, unsigned size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
    if (got < 0) {
        fail("reading %s: %s", path, strerror(errno));
    }
    text[got] = '\0';
    close(fd);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    (void)remove(path);
    return 0;
}

static noreturn void in_child(const struct check *check, const char *directory, int pipe_end)
{
    reason_fd = pipe_end;
    (void)setpgid(0, 0);
    must(chdir(directory), "the check's directory");
    check->run();
    _exit(PASSED);
}

/* Its exit status, -1 when it was killed for its time. */
static int wait_limited(pid_t child, int seconds, int *status)
{
    for (int i = 0; i < seconds * 100; i++) {
        if (waitpid(child, status, WNOHANG) == child) {
            return 0;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    (void)kill(-child, SIGKILL);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, status, 0);
    return -1;
}

static bool run(const struct check *check, const char *top)
{
    char directory[256], reason[REASON_BYTES] = "";
    int ends[2], status = 0;
    snprintf(directory, sizeof directory, "%s/%s", top, check->name);
    if (mkdir(directory, 0755) != 0 || pipe2(ends, O_CLOEXEC) != 0) {
        printf("fail %s no room for it: %s\n", check->name, strerror(errno));
        return false;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        in_child(check, directory, ends[1]);
    }
    close(ends[1]);
    bool in_time = child > 0 && wait_limited(child, check->seconds, &status) == 0;
    (void)kill(-child, SIGKILL); /* what it may have left behind */
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ssize_t got = read(ends[0], reason, sizeof reason - 1);
    reason[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    (void)nftw(directory, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
    if (!in_time) {
        printf("fail %s did not end within %d s\n", check->name, check->seconds);
    } else if (WIFSIGNALED(status)) {
        printf("fail %s died of signal %d\n", check->name, WTERMSIG(status));
    } else if (WEXITSTATUS(status) == PASSED) {
        printf("pass %s\n", check->name);
        return true;
    } else {
        bool skipped = WEXITSTATUS(status) == SKIPPED;
        printf("%s %s %s\n", skipped ? "skip" : "fail", check->name, reason);
        return skipped;
    }
    return false;
}

/* MemTotal less MemAvailable, before the checks load or fill anything. */
static void show_memory(void)
{
    char line[128];
    long long total = 0, available = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "MemTotal: %lld kB", &total);
        (void)sscanf(line, "MemAvailable: %lld kB", &available);
    }
    if (file != NULL) {
        fclose(file);
    }
    printf("info memory-used-mib %lld\n", (total - available + 1023) / 1024);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], SHOW_EFFECTIVE_USER) == 0) {
        return geteuid() == 0 ? 0 : 1;
    }
    if (argc == 3 && strcmp(argv[1], "--time") == 0) {
        host_time = strtoll(argv[2], NULL, 10);
    } else if (argc != 1) {
        fprintf(stderr, "usage: mayfly-check [--time SECONDS_SINCE_1970]\n");
        return 2;
    }
    char top[] = "/tmp/mayfly-check.XXXXXX";
    (void)mkdir("/tmp", 01777);
    if (mkdtemp(top) == NULL || chmod(top, 0755) != 0) {
        fprintf(stderr, "mayfly-check: %s: %s\n", top, strerror(errno));
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    show_memory();
    bool good = true;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        good &= run(&checks[i], top);
    }
    if (rmdir(top) != 0) {
        fprintf(stderr, "mayfly-check: %s was not emptied: %s\n", top, strerror(errno));
        good = false;
    }
    return good ? 0 : 1;
}
