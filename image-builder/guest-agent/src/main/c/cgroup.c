#include "cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec.h"
#include "files.h"

#define JOBS "mayfly"
#define EXEC_PREFIX "exec-"
/* Kept from the jobs so that kernel and agent can act when they have used up the rest: windows of 32 execs are 18 MiB. */
#define MEMORY_RESERVE_KIB (24 * 1024)
/* Of a guest with little memory no more than this share is kept back. */
#define MEMORY_RESERVE_SHARE 10
/* Processes and threads kept back for the agent and its children. */
#define PROCESS_RESERVE 64
/*
 * A process or thread takes about this much at least. With fewer of them than fit, a fork bomb ends at this limit, where
 * a fork just fails, and not at the end of the memory, where every process of the guest is held up by reclaim.
 */
#define PROCESS_KIB 256
#define PROCESSES_LEAST 512
/* One exec cannot take this share, so that another can still start beside a fork bomb. */
#define PROCESSES_OTHERS_SHARE 5
/* Groups within groups are looked into this deep. */
#define DEPTH_LIMIT 8

static void enable(int directory)
{
    static const char *const controllers[] = {"+memory", "+pids", "+cpu", "+io", "+cpuset"};
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        (void)file_write(directory, "cgroup.subtree_control", controllers[i]); /* one by one: some may not exist */
    }
}

static void put_number(int group, const char *file, uint64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    (void)file_write(group, file, text);
}

/* Returns what the jobs may use, in KiB; 0 when unknown. */
static uint64_t limit_memory(struct agent *agent)
{
    char text[2048];
    if (!file_read(agent->proc, "meminfo", text, sizeof text)) {
        return 0;
    }
    uint64_t available = number_after(text, "MemAvailable");
    uint64_t share = available / MEMORY_RESERVE_SHARE;
    uint64_t reserve = share < MEMORY_RESERVE_KIB ? share : MEMORY_RESERVE_KIB;
    if (available > reserve) {
        put_number(agent->jobs_cgroup, "memory.max", (available - reserve) * 1024);
    }
    return available - reserve;
}

static uint64_t kernel_limit(const struct agent *agent, const char *path)
{
    char text[32];
    return file_read(agent->proc, path, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

static void limit_processes(struct agent *agent, uint64_t memory_kib)
{
    uint64_t most = kernel_limit(agent, "sys/kernel/threads-max");
    uint64_t ids = kernel_limit(agent, "sys/kernel/pid_max");
    most = ids < most ? ids : most;
    most = most > 2 * PROCESS_RESERVE ? most - PROCESS_RESERVE : most;
    uint64_t fitting = memory_kib / PROCESS_KIB;
    if (fitting > PROCESSES_LEAST && fitting < most) {
        most = fitting;
    }
    put_number(agent->jobs_cgroup, "pids.max", most);
    agent->processes_per_exec = most - most / PROCESSES_OTHERS_SHARE;
}

void cgroup_setup(struct agent *agent, const char *path)
{
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        return;
    }
    enable(root);
    (void)mkdirat(root, JOBS, 0755);
    agent->jobs_cgroup = openat(root, JOBS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(root);
    if (agent->jobs_cgroup >= 0) {
        limit_processes(agent, limit_memory(agent));
        enable(agent->jobs_cgroup);
        agent->kills_per_group = faccessat(agent->jobs_cgroup, "memory.events", R_OK, 0) == 0;
    }
}

static void name_of(char name[32], uint32_t id)
{
    snprintf(name, 32, EXEC_PREFIX "%lu", (unsigned long)id);
}

void cgroup_create(struct agent *agent, struct exec *exec)
{
    if (agent->jobs_cgroup < 0) {
        return;
    }
    char name[32];
    name_of(name, exec->id);
    (void)mkdirat(agent->jobs_cgroup, name, 0755);
    exec->cgroup = openat(agent->jobs_cgroup, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (exec->cgroup >= 0) {
        put_number(exec->cgroup, "pids.max", agent->processes_per_exec);
    }
    (void)cgroup_kills(exec, &exec->kills_seen);
}

void cgroup_remove(struct agent *agent, struct exec *exec)
{
    if (exec->cgroup < 0) {
        return;
    }
    close(exec->cgroup);
    exec->cgroup = -1;
    char name[32];
    name_of(name, exec->id);
    if (unlinkat(agent->jobs_cgroup, name, AT_REMOVEDIR) != 0) {
        agent->cgroups_left = true;
    }
}

static DIR *open_again(int directory)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
    if (stream == NULL && copy >= 0) {
        close(copy);
    }
    return stream;
}

bool cgroup_sweep(struct agent *agent)
{
    DIR *stream = agent->jobs_cgroup >= 0 ? open_again(agent->jobs_cgroup) : NULL;
    bool left = false;
    if (stream == NULL) {
        return false;
    }
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (strncmp(entry->d_name, EXEC_PREFIX, sizeof EXEC_PREFIX - 1) != 0) {
            continue;
        }
        uint32_t id = (uint32_t)strtoul(entry->d_name + sizeof EXEC_PREFIX - 1, NULL, 10);
        if (exec_find(agent, id) == NULL) {
            left = unlinkat(agent->jobs_cgroup, entry->d_name, AT_REMOVEDIR) != 0 || left;
        }
    }
    closedir(stream);
    return left;
}

/* Signals each process listed; new ones that appear meanwhile are not caught, which only SIGKILL promises. */
static void signal_listed(int group, int number)
{
    int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (file == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    char line[32];
    while (fgets(line, sizeof line, file) != NULL) {
        long pid = strtol(line, NULL, 10);
        if (pid > 1) {
            (void)kill((pid_t)pid, number);
        }
    }
    fclose(file);
}

static void signal_below(int group, int number, int depth)
{
    signal_listed(group, number);
    DIR *stream = depth < DEPTH_LIMIT ? open_again(group) : NULL;
    if (stream == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.') {
            continue;
        }
        int below = openat(group, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (below >= 0) {
            signal_below(below, number, depth + 1);
            close(below);
        }
    }
    closedir(stream);
}

void cgroup_signal(struct exec *exec, int number)
{
    if (number == SIGKILL && file_write(exec->cgroup, "cgroup.kill", "1")) {
        return;
    }
    signal_below(exec->cgroup, number, 0);
}

bool cgroup_kills(const struct exec *exec, uint64_t *kills)
{
    char text[512];
    if (exec->cgroup < 0 || !file_read(exec->cgroup, "memory.events", text, sizeof text)) {
        return false;
    }
    *kills = number_after(text, "oom_kill");
    return true;
}

void cgroup_read_usage(struct exec *exec)
{
    char text[1024];
    exec->user_microseconds = (uint64_t)exec->usage.ru_utime.tv_sec * 1000000 + (uint64_t)exec->usage.ru_utime.tv_usec;
    exec->system_microseconds = (uint64_t)exec->usage.ru_stime.tv_sec * 1000000 + (uint64_t)exec->usage.ru_stime.tv_usec;
    exec->peak_kib = (uint64_t)exec->usage.ru_maxrss;
    if (exec->cgroup < 0) {
        return;
    }
    if (file_read(exec->cgroup, "cpu.stat", text, sizeof text)) {
        exec->user_microseconds = number_after(text, "user_usec");
        exec->system_microseconds = number_after(text, "system_usec");
    }
    if (file_read(exec->cgroup, "memory.peak", text, sizeof text)) {
        exec->peak_kib = strtoull(text, NULL, 10) / 1024;
    }
}
