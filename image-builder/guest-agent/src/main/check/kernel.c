/* Mounts, cgroups and namespaces. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TMPFS 0x01021994
#define CGROUPS "/sys/fs/cgroup"
#define GROUP CGROUPS "/mayfly-check"
#define NOBODY 65534
#define MEBIBYTE (1024 * 1024)

void check_mount_tmpfs(void)
{
    struct statfs status;
    own_mounts();
    must(mkdir("here", 0755), "mkdir");
    must(mount("check", "here", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m"), "mounting a tmpfs");
    write_file("here/file", "text");
    must(statfs("here", &status), "statfs");
    if (status.f_type != TMPFS) {
        fail("what was mounted is no tmpfs");
    }
    must(umount("here"), "unmounting it");
    if (access("here/file", F_OK) == 0) {
        fail("its file is there after it was unmounted");
    }
}

void check_mount_bind(void)
{
    char text[16];
    own_mounts();
    must(mkdir("from", 0755), "mkdir");
    must(mkdir("to", 0755), "mkdir");
    write_file("from/file", "bound");
    must(mount("from", "to", NULL, MS_BIND, NULL), "mounting a bind");
    read_file("to/file", text, sizeof text);
    if (strcmp(text, "bound") != 0) {
        fail("a file reads differently through a bind");
    }
    must(mount(NULL, "to", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), "making a bind read-only");
    if (open("to/other", O_WRONLY | O_CREAT, 0644) >= 0 || errno != EROFS) {
        fail("a read-only bind can be written");
    }
}

void check_mount_proc(void)
{
    char name[32];
    own_mounts();
    must(mkdir("proc", 0755), "mkdir");
    must(mount("proc", "proc", "proc", 0, NULL), "mounting proc");
    read_file("proc/self/comm", name, sizeof name);
    if (name[0] == '\0') {
        fail("proc does not know this process");
    }
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\n' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

void check_cgroup_controllers(void)
{
    static const char *const wanted[] = {"cpu", "memory", "pids", "io", "cpuset"};
    char there[256];
    read_file(CGROUPS "/cgroup.controllers", there, sizeof there);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!has_word(there, wanted[i])) {
            fail("cgroup 2 has no controller %s", wanted[i]);
        }
    }
}

/* Removing waits for the last process to be gone. */
static void remove_group(void)
{
    for (int i = 0; i < 500 && rmdir(GROUP) != 0 && errno != ENOENT; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

static void make_group(const char *controller, const char *limit, const char *value)
{
    remove_group();
    write_file(CGROUPS "/cgroup.subtree_control", controller);
    must(mkdir(GROUP, 0755), "making a cgroup");
    int fd = open(limit, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, strlen(value)) < 0) {
        int error = errno;
        remove_group();
        fail("setting %s: %s", limit, strerror(error));
    }
    close(fd);
}

/* 0 when the limit let it fork only so often. */
static int fork_often(void)
{
    pid_t children[8];
    int count = 0;
    write_file(GROUP "/cgroup.procs", "0");
    while (count < 8 && (children[count] = fork()) > 0) {
        count++;
    }
    if (count < 8 && children[count] == 0) {
        pause();
        _exit(0);
    }
    int error = errno;
    for (int i = 0; i < count; i++) {
        (void)kill(children[i], SIGKILL);
        (void)waitpid(children[i], NULL, 0);
    }
    return count == 2 && error == EAGAIN ? 0 : 1;
}

void check_cgroup_pids(void)
{
    int status;
    make_group("+pids", GROUP "/pids.max", "3");
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        _exit(fork_often());
    }
    must(waitpid(child, &status, 0), "wait");
    remove_group();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail("a limit of 3 processes did not hold");
    }
}

void check_cgroup_memory(void)
{
    int status;
    char events[256];
    make_group("+memory", GROUP "/memory.max", "16777216");
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        write_file(GROUP "/cgroup.procs", "0");
        char *bytes = mmap(NULL, 64 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bytes != MAP_FAILED) {
            memset(bytes, 1, 64 * MEBIBYTE);
        }
        _exit(0);
    }
    must(waitpid(child, &status, 0), "wait");
    read_file(GROUP "/memory.events", events, sizeof events);
    remove_group();
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL || strstr(events, "oom_kill 1") == NULL) {
        fail("a limit of 16 MiB let a process have 64 MiB");
    }
}

void check_namespace_user(void)
{
    must(setgid(NOBODY), "setgid");
    must(setuid(NOBODY), "setuid");
    must(prctl(PR_SET_DUMPABLE, 1), "prctl"); /* after a change of user, proc is root's until then */
    must(unshare(CLONE_NEWUSER), "a user namespace of an ordinary user");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 65534 1");
    write_file("/proc/self/gid_map", "0 65534 1");
    if (getuid() != 0 || getgid() != 0) {
        fail("the ids are not mapped");
    }
}

void check_namespace_pid(void)
{
    int status;
    must(unshare(CLONE_NEWPID), "a process namespace");
    pid_t child = must(fork(), "fork in it");
    if (child == 0) {
        _exit(getpid() == 1 ? 0 : 1);
    }
    must(waitpid(child, &status, 0), "wait");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail("its first process is not process 1");
    }
}

void check_namespace_net(void)
{
    must(unshare(CLONE_NEWNET), "a network namespace");
    struct if_nameindex *interfaces = if_nameindex();
    if (interfaces == NULL) {
        fail("its interfaces cannot be listed: %s", strerror(errno));
    }
    bool loopback = false;
    for (size_t i = 0; interfaces[i].if_name != NULL; i++) {
        loopback |= strcmp(interfaces[i].if_name, "lo") == 0;
        if (strncmp(interfaces[i].if_name, "eth", 3) == 0) {
            fail("it has the interface %s of the outside", interfaces[i].if_name);
        }
    }
    if (!loopback) {
        fail("it has no loopback");
    }
}

void check_namespace_mount(void)
{
    int status;
    must(mkdir("here", 0755), "mkdir");
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        own_mounts();
        must(mount("check", "here", "tmpfs", 0, NULL), "mounting in it");
        write_file("here/inside", "");
        _exit(0);
    }
    must(waitpid(child, &status, 0), "wait");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1); /* it has said why */
    }
    if (access("here/inside", F_OK) == 0) {
        fail("what was mounted inside is seen outside");
    }
}

void check_namespace_uts(void)
{
    struct utsname names;
    must(unshare(CLONE_NEWUTS), "a host name namespace");
    must(sethostname("inside", 6), "naming the host");
    must(uname(&names), "uname");
    if (strcmp(names.nodename, "inside") != 0) {
        fail("the host has another name than it was given");
    }
}

void check_namespace_ipc(void)
{
    int outside = must(msgget(0x6d617966, IPC_CREAT | 0600), "a message queue");
    int error = unshare(CLONE_NEWIPC) == 0 ? 0 : errno;
    bool seen = error == 0 && msgget(0x6d617966, 0600) >= 0;
    if (error != 0 || seen) {
        (void)msgctl(outside, IPC_RMID, NULL);
        fail("a namespace of message queues: %s", error != 0 ? strerror(error) : "it has the queues of the outside");
    }
    pid_t child = must(fork(), "fork"); /* the queue lies outside, where only the parent's namespace was */
    if (child == 0) {
        int parent = open("/proc/1/ns/ipc", O_RDONLY | O_CLOEXEC);
        if (parent >= 0 && setns(parent, CLONE_NEWIPC) == 0) {
            (void)msgctl(outside, IPC_RMID, NULL);
        }
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
}
