/* PID 1 of every guest, and a loopback of the same for tests on a host. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"
#include "boot.h"
#include "crc32.h"
#include "exec.h"
#include "link.h"
#include "process.h"

static struct agent agent;

/* Signals of children come as events; everything else is ignored. */
static bool prepare_loop(void)
{
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    agent.epoll = epoll_create1(EPOLL_CLOEXEC);
    agent.child_signals = signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
    return agent.epoll >= 0 && agent.child_signals >= 0
        && agent_watch(&agent, agent.child_signals, WATCH_CHILDREN, 0, EPOLLIN);
}

/* PID 1 must not return: the kernel would panic. */
static void run_guest(void)
{
    boot_mount();
    agent.guest = true;
    boot_load_modules();
    boot_protect(&agent);
    boot_offer_modules(&agent);
    int port = boot_open_port();
    if (port < 0) {
        note("there is no port named " PORT_NAME);
    } else if (!prepare_loop() || !link_use_port(&agent, port)) {
        note("the event loop cannot be made: %s", strerror(errno));
    } else {
        loop_run(&agent);
    }
    (void)reboot(RB_AUTOBOOT);
    for (;;) {
        pause();
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0) {
        return -1;
    }
    return fd;
}

static bool no_block(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* The host's stream is moved away from 0 and 1, which execs get anew. */
static bool use_standard_streams(void)
{
    int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool good = in >= 0 && out >= 0 && null >= 0 && no_block(in) && no_block(out);
    return good && dup2(null, STDIN_FILENO) == 0 && dup2(null, STDOUT_FILENO) == 1 && link_use_stream(&agent, in, out);
}

static int run_loopback(const char *path)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* as PID 1 has it: orphans come to us */
    agent.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int listener = -1;
    bool good = prepare_loop();
    if (good && path != NULL) {
        listener = listen_at(path);
        good = listener >= 0 && link_use_listener(&agent, listener);
    } else if (good) {
        good = use_standard_streams();
    }
    if (!good) {
        fprintf(stderr, "agent: loopback cannot start: %s\n", strerror(errno));
        return 1;
    }
    loop_run(&agent);
    exec_kill_all(&agent);
    exec_release_all(&agent);
    if (path != NULL) {
        (void)unlink(path);
    }
    return 0;
}

int main(int argc, char **argv)
{
    crc32_prepare();
    agent_init(&agent);
    if (getpid() == 1) {
        run_guest();
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("mayfly-agent %s, protocol %d\n", AGENT_VERSION, PROTOCOL_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--loopback") == 0) {
        return run_loopback(NULL);
    }
    if (argc == 4 && strcmp(argv[1], "--loopback") == 0 && strcmp(argv[2], "--listen") == 0) {
        return run_loopback(argv[3]);
    }
    fprintf(stderr, "usage: agent --version | agent --loopback [--listen PATH]\n");
    return 2;
}
