/* Between fork and exec. What may block on files of the job (user lookup, PATH, directories) happens here, not in the agent. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "process.h"
#include "transfer.h"
#include "users.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PATH_BYTES 4096
/* Builds open many files; the soft limit is what hosted CI machines have, the hard one systemd's. */
#define OPEN_FILES_SOFT 65536
#define OPEN_FILES_HARD 524288

static void fail(int report, const char *step, int error, const char *what) __attribute__((noreturn));

static void fail(int report, const char *step, int error, const char *what)
{
    struct child_report said;
    memset(&said, 0, sizeof said);
    snprintf(said.step, sizeof said.step, "%s", step);
    said.error = error;
    snprintf(said.message, sizeof said.message, "%.200s: %s", what, strerror(error));
    ssize_t written = write(report, &said, sizeof said);
    (void)written;
    _exit(127);
}

static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Leaves what protects the agent. */
static void become_ordinary(const struct agent *agent, const struct exec *exec, int report)
{
    if (exec->cgroup >= 0 && !exec->joined && !file_write(exec->cgroup, "cgroup.procs", "0")) {
        fail(report, "limit", errno, "joining the cgroup");
    }
    if (agent->guest) {
        (void)file_write(agent->proc, "self/oom_score_adj", "0");
        struct rlimit files = {OPEN_FILES_SOFT, OPEN_FILES_HARD};
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    reset_signals();
}

static void take_streams(const int streams[3], int report)
{
    for (int i = 0; i < 3; i++) {
        /* All of ours are above 2: the agent keeps 0, 1 and 2 occupied. */
        if (dup2(streams[i], i) < 0) {
            fail(report, "limit", errno, "standard streams");
        }
    }
}

static void own_streams(const struct identity *identity)
{
    for (int i = 0; i < 3; i++) {
        struct stat status;
        /* Else a program of another user could not open /dev/stdout. */
        if (fstat(i, &status) == 0 && S_ISFIFO(status.st_mode)) {
            (void)fchown(i, identity->uid, identity->gid);
        }
    }
}

/* Makes a directory and those above it; only the last belongs to the user. */
static bool make_directories(const char *path, const struct identity *identity, bool change_owner)
{
    char part[PATH_BYTES];
    if (strlen(path) >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST) {
            return false;
        }
        *slash = '/';
    }
    if (mkdir(part, 0755) != 0) {
        return errno == EEXIST;
    }
    return !change_owner || chown(part, identity->uid, identity->gid) == 0;
}

static void switch_user(const struct identity *identity, int report)
{
    if (setgroups(identity->group_count, identity->groups) != 0 || setgid(identity->gid) != 0
        || setuid(identity->uid) != 0) {
        fail(report, "user", errno, "changing to the user");
    }
}

static void add_variable(struct specification *specification, const char *name, const char *value, char *room, size_t size)
{
    if (environment_get(specification, name) == NULL) {
        snprintf(room, size, "%s=%s", name, value);
        specification->environment[specification->environment_count++] = room;
        specification->environment[specification->environment_count] = NULL;
    }
}

static void complete_environment(struct specification *specification, const struct identity *identity)
{
    static char home[HOME_BYTES + 8], user[NAME_BYTES + 8], logname[NAME_BYTES + 16], path[sizeof DEFAULT_PATH + 8];
    add_variable(specification, "PATH", DEFAULT_PATH, path, sizeof path);
    add_variable(specification, "HOME", identity->home, home, sizeof home);
    if (identity->known) {
        add_variable(specification, "USER", identity->name, user, sizeof user);
        add_variable(specification, "LOGNAME", identity->name, logname, sizeof logname);
    }
}

/* Returns only when it fails, with errno. */
static void become_program(struct specification *specification)
{
    const char *program = specification->argv[0];
    if (strchr(program, '/') != NULL) {
        execve(program, specification->argv, specification->environment);
        return;
    }
    int kept = ENOENT;
    const char *next = environment_get(specification, "PATH");
    while (next != NULL) {
        const char *colon = strchr(next, ':');
        size_t length = colon != NULL ? (size_t)(colon - next) : strlen(next);
        char path[PATH_BYTES];
        int needed = snprintf(path, sizeof path, "%.*s%s%s", (int)length, next, length > 0 ? "/" : "./", program);
        if (needed > 0 && (size_t)needed < sizeof path) {
            execve(path, specification->argv, specification->environment);
            if (errno == EACCES) {
                kept = EACCES; /* found, but not to be executed: look further, then say so */
            } else if (errno != ENOENT && errno != ENOTDIR) {
                return;
            }
        }
        next = colon != NULL ? colon + 1 : NULL;
    }
    errno = kept;
}

/* A transfer stays in our program: nothing but its three streams may come along. */
static void transfer(const struct specification *specification) __attribute__((noreturn));

static void transfer(const struct specification *specification)
{
    const char *path = specification->argv[0];
    bool in = specification->kind == KIND_UNPACK;
    /* Others of this user must not look into a copy of the agent's memory. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)prctl(PR_SET_NAME, in ? "mayfly-unpack" : "mayfly-pack");
    /* Closing the report says that we run. */
    if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {
        struct rlimit files;
        int limit = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < OPEN_FILES_HARD ? (int)files.rlim_cur
                                                                                              : OPEN_FILES_HARD;
        for (int fd = 3; fd < limit; fd++) {
            (void)close(fd);
        }
    }
    _exit(in ? unpack(STDIN_FILENO, STDERR_FILENO, path) : pack(path, STDOUT_FILENO, STDERR_FILENO));
}

void child_run(const struct agent *agent, const struct exec *exec, struct specification *specification, const int streams[3],
    int report)
{
    static struct identity identity;
    setsid();
    take_streams(streams, report);
    become_ordinary(agent, exec, report);
    bool stay = !agent->guest && specification->user[0] == '\0'; /* a loopback runs as whoever started it */
    if (!identity_resolve(&identity, specification->user, "/etc/passwd", "/etc/group")) {
        fail(report, "user", ENOENT, specification->user);
    }
    const char *directory = specification->directory[0] == '\0' ? "/" : specification->directory;
    umask(022);
    if (specification->make_directory && !make_directories(directory, &identity, !stay)) {
        fail(report, "directory", errno, directory);
    }
    umask(specification->umask);
    if (!stay) {
        own_streams(&identity);
        switch_user(&identity, report);
    }
    if (chdir(directory) != 0) {
        fail(report, "directory", errno, directory);
    }
    if (specification->kind != KIND_COMMAND) {
        transfer(specification);
    }
    complete_environment(specification, &identity);
    become_program(specification);
    fail(report, "exec", errno, specification->argv[0]);
}
