#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "exec.h"
#include "files.h"

/* A dying fork bomb must not keep the host waiting. */
#define REAPED_PER_TURN 256
/* Without cgroups, processes may appear while we look; so we look again. */
#define SESSION_SCANS 8

static bool refuse(struct exec *exec, const char *step, int error, const char *message)
{
    exec->failed_step = step;
    exec->failed_errno = error;
    snprintf(exec->failed_message, sizeof exec->failed_message, "%s", message);
    return false;
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            close(pair[i]);
        }
    }
}

/* Our end does not block; the process's end does, as any program expects. */
static bool open_pipe(int pair[2], int ours)
{
    if (pipe2(pair, O_CLOEXEC) != 0) {
        pair[0] = pair[1] = -1;
        return false;
    }
    return fcntl(pair[ours], F_SETFL, O_NONBLOCK) == 0;
}

struct pipes {
    int input[2], output[2], error[2], report[2];
};

static void close_pipes(struct pipes *pipes)
{
    close_pair(pipes->input);
    close_pair(pipes->output);
    close_pair(pipes->error);
    close_pair(pipes->report);
}

static bool open_all(struct exec *exec, struct pipes *pipes, bool stdin_open)
{
    *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    bool good = open_pipe(pipes->output, 0) && open_pipe(pipes->error, 0) && open_pipe(pipes->report, 0);
    if (good && stdin_open) {
        good = open_pipe(pipes->input, 1) && ring_open(&exec->input.ring, STDIN_WINDOW);
    } else if (good) {
        pipes->input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        good = pipes->input[0] >= 0;
    }
    return good && ring_open(&exec->output[0].ring, OUTPUT_WINDOW) && ring_open(&exec->output[1].ring, OUTPUT_WINDOW);
}

/*
 * Forks into the exec's cgroup. Joining it afterwards takes the kernel's lock against all forks of the guest for writing,
 * for which a child would have to wait beside a fork bomb; making it within the group takes it for reading only.
 */
static pid_t fork_within(struct exec *exec)
{
    if (exec->cgroup >= 0) {
        struct clone_args arguments = {
            .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)exec->cgroup};
        exec->joined = true;
        pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
        bool unknown = pid < 0 && (errno == ENOSYS || errno == EINVAL || errno == E2BIG || errno == EOPNOTSUPP);
        if (!unknown) {
            return pid;
        }
        exec->joined = false;
    }
    return fork();
}

bool process_spawn(struct agent *agent, struct exec *exec)
{
    static struct specification specification; /* 64 KiB of pointers; used only until the fork */
    const char *wrong = specification_parse(&specification, exec->specification, exec->specification_length);
    if (wrong != NULL) {
        return refuse(exec, "specification", EINVAL, wrong);
    }
    struct pipes pipes;
    if (!open_all(exec, &pipes, specification.stdin_open)
        || !agent_watch(agent, pipes.report[0], WATCH_REPORT, exec_index(agent, exec), EPOLLIN)) {
        int error = errno;
        close_pipes(&pipes);
        return refuse(exec, "limit", error, "no memory or descriptors for its pipes");
    }
    cgroup_create(agent, exec);
    pid_t pid = fork_within(exec);
    if (pid == 0) {
        int streams[3] = {pipes.input[0], pipes.output[1], pipes.error[1]};
        child_run(agent, exec, &specification, streams, pipes.report[1]);
    }
    if (pid < 0) {
        int error = errno;
        close_pipes(&pipes);
        return refuse(exec, "limit", error, "the kernel makes no more processes");
    }
    close(pipes.input[0]);
    close(pipes.output[1]);
    close(pipes.error[1]);
    close(pipes.report[1]);
    exec->pid = pid;
    exec->pid_said = (uint32_t)pid;
    exec->report = pipes.report[0];
    exec->output[0].fd = pipes.output[0];
    exec->output[1].fd = pipes.error[0];
    exec->input.fd = pipes.input[1];
    exec->input.wanted = specification.stdin_open;
    return true;
}

void process_explain(const struct child_report *report, struct exec *exec)
{
    static const char *const steps[] = {"user", "directory", "exec", "limit", "specification"};
    const char *step = "exec";
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (strncmp(report->step, steps[i], sizeof report->step) == 0) {
            step = steps[i];
        }
    }
    exec->failed_step = step;
    exec->failed_errno = report->error;
    snprintf(exec->failed_message, sizeof exec->failed_message, "%.*s", (int)sizeof report->message - 1, report->message);
}

/* The session of a process, -1 when it is gone: the sixth field of stat, behind a name that may hold anything. */
static long session_of(int proc, const char *pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "%.20s/stat", pid);
    if (!file_read(proc, path, text, sizeof text)) {
        return -1;
    }
    char *field = strrchr(text, ')');
    for (int i = 0; field != NULL && i < 4; i++) { /* state, parent, process group, session */
        field = strchr(field + 1, ' ');
    }
    return field == NULL ? -1 : strtol(field, NULL, 10);
}

/* Signals every process of a session; how many there were. */
static unsigned signal_session(int proc, pid_t session, int number)
{
    unsigned found = 0;
    int copy = proc >= 0 ? openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;
    if (directory == NULL) {
        return kill(-session, number) == 0;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end == '\0' && pid > 1 && session_of(proc, entry->d_name) == session) {
            found += kill((pid_t)pid, number) == 0;
        }
    }
    closedir(directory);
    return found;
}

void process_signal(struct agent *agent, struct exec *exec, int number, bool everything)
{
    if (!everything) {
        if (exec->pid > 0) {
            (void)kill(exec->pid, number);
        }
        return;
    }
    if (exec->cgroup >= 0) {
        cgroup_signal(exec, number);
    } else if (exec->pid_said > 1) {
        unsigned scans = number == SIGKILL ? SESSION_SCANS : 1;
        while (scans-- > 0 && signal_session(agent->proc, (pid_t)exec->pid_said, number) > 0) {
        }
    }
    /* A child that has not joined its cgroup or session yet. */
    if (exec->pid > 0 && (exec->state == EXEC_STARTING || number == SIGKILL)) {
        (void)kill(exec->pid, number);
    }
}

void process_reap(struct agent *agent)
{
    agent->children_waiting = true;
    for (int i = 0; i < REAPED_PER_TURN; i++) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, WNOHANG, &usage);
        if (pid <= 0) {
            agent->children_waiting = false;
            return;
        }
        for (unsigned k = 0; k < EXEC_LIMIT; k++) {
            struct exec *exec = &agent->execs[k];
            if (exec->state != EXEC_FREE && exec->pid == pid) {
                exec_child_ended(agent, exec, status, &usage);
            }
        }
    }
}
