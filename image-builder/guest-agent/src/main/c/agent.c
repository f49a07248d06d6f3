#include "agent.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "exec.h"
#include "link.h"
#include "process.h"

void agent_init(struct agent *agent)
{
    memset(agent, 0, sizeof *agent);
    agent->epoll = -1;
    agent->child_signals = -1;
    agent->proc = -1;
    agent->jobs_cgroup = -1;
    agent->scratch = -1;
    agent->now = monotonic_now();
    agent->sample_at = NEVER;
    agent->operations = (struct operations){process_spawn, process_signal, process_power_off};
    link_init(&agent->link);
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        exec_clear(&agent->execs[i]);
    }
}

uint64_t monotonic_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

bool agent_watch(struct agent *agent, int fd, enum watch what, unsigned index, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.u64 = (uint64_t)what << 32 | index}};
    return epoll_ctl(agent->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void agent_unwatch(struct agent *agent, int fd)
{
    (void)epoll_ctl(agent->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void note(const char *format, ...)
{
    char line[MESSAGE_LIMIT];
    int prefix = snprintf(line, sizeof line, "mayfly-agent: ");
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + prefix, sizeof line - (size_t)prefix - 1, format, arguments);
    va_end(arguments);
    size_t total = strlen(line);
    if (length < 0) {
        return;
    }
    line[total++] = '\n';
    int fd = getpid() == 1 ? open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NONBLOCK) : STDERR_FILENO;
    if (fd >= 0) {
        ssize_t written = write(fd, line, total);
        (void)written;
        if (fd != STDERR_FILENO) {
            close(fd);
        }
    }
}
