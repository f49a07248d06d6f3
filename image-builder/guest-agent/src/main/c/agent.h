/* The agent's whole state. One thread owns all of it. */
#ifndef MAYFLY_AGENT_H
#define MAYFLY_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "frame.h"
#include "protocol.h"
#include "ring.h"

/* Replies wait here: one largest OUTPUT frame, the frames of one turn, and room for answers to what the host sends. */
#define OUTGOING_BYTES (192 * 1024)
/* Output is added only below this, so that an answer never waits behind more. */
#define OUTGOING_OUTPUT_TARGET (64 * 1024)
/* The host's frames are read only while this much is free: no single frame has a longer answer. */
#define OUTGOING_ANSWER_ROOM (16 * 1024)

#define NEVER UINT64_MAX
#define MILLISECOND UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

enum link_kind { LINK_PORT, LINK_STREAM, LINK_LISTENER };

/* The byte stream to the host. */
struct link {
    enum link_kind kind;
    int listener;
    int in, out; /* -1: nobody is connected */
    bool readable, writable;
    bool greeted; /* HELLO came on this connection: we may talk */
    bool confirmed; /* a byte went out since that HELLO: the kernel knows of this host */
    uint64_t retry_at;
    uint64_t heard_at; /* when the last good frame came */
    size_t sent;       /* of outgoing, this much is written */
    struct writer outgoing;
    struct decoder incoming;
    uint8_t outgoing_bytes[OUTGOING_BYTES];
};

enum exec_state {
    EXEC_FREE,
    EXEC_SPECIFIED, /* parts of the specification came */
    EXEC_STARTING,  /* forked, but not yet the program */
    EXEC_FAILED,    /* could not start; the host is to be told */
    EXEC_RUNNING,
    EXEC_DRAINING,  /* the process ended; output may still come */
    EXEC_ENDED,     /* all is known, kept until EXEC_FORGET */
};

struct output {
    int fd; /* -1 when at its end */
    bool watched;
    bool limited;       /* given up: only remaining bytes are still read */
    size_t remaining;
    uint64_t sent;      /* on this connection, up to this offset */
    struct ring ring;
};

struct input {
    int fd; /* -1 when closed */
    bool watched;
    bool wanted;     /* the specification asked for it */
    bool ended;      /* STDIN_EOF came */
    bool ack_due;
    uint64_t acknowledged;
    struct ring ring;
};

struct exec {
    enum exec_state state;
    uint32_t id;
    pid_t pid; /* 0 when there is none, or it has been reaped */
    uint32_t pid_said; /* what EXEC_STARTED says of it, also afterwards */
    uint8_t *specification;
    size_t specification_length;
    int report; /* what the child says before it becomes the program */
    bool child_ended;
    int status;
    struct rusage usage;
    struct output output[2];
    struct input input;
    bool started_due, exit_due, killed_event_due;
    bool killed_for_memory, scratch_was_full, output_given_up;
    uint64_t kills_seen;
    uint64_t deadline; /* end of the wait for output */
    int cgroup;        /* directory, -1 when there is none */
    bool joined;       /* the child was made within it */
    const char *failed_step;
    int failed_errno;
    char failed_message[MESSAGE_LIMIT + 1];
    uint64_t user_microseconds, system_microseconds, peak_kib;
};

struct agent;

/* What the fuzzer and the unit tests replace: the only ways to reach other processes. */
struct operations {
    /* Forks the child of a specified exec; false: failed_step and failed_errno are set. */
    bool (*spawn)(struct agent *agent, struct exec *exec);
    void (*signal)(struct agent *agent, struct exec *exec, int number, bool everything);
    void (*power_off)(struct agent *agent);
};

enum setup_state { SETUP_NONE, SETUP_COMPLETE, SETUP_BROKEN };

#define SETUP_ANSWER_BYTES 2048

struct agent {
    bool guest; /* PID 1 of a microVM; else a loopback on a host, for tests */
    bool stopping;
    int epoll;
    int child_signals;
    uint64_t now; /* monotonic, of this turn of the loop */
    struct operations operations;

    enum setup_state setup;
    size_t setup_answer_length; /* the payload of the answer, to be repeated */
    uint8_t setup_answer[SETUP_ANSWER_BYTES];
    uint64_t orphan_after;      /* ns, 0 never */

    int proc;         /* the agent's own view of /proc; a job may unmount its */
    int jobs_cgroup;  /* parent of the cgroups of execs, -1 without cgroups */
    uint64_t processes_per_exec;
    bool kills_per_group; /* the groups count kills for memory */
    int scratch;      /* the file system that takes the writes, -1 when there is none */

    bool children_waiting; /* more to reap */
    bool cgroups_left;
    bool scratch_is_full, scratch_event_due;
    uint64_t kernel_kills; /* /proc/vmstat oom_kill */
    uint64_t sample_at;

    unsigned next_turn; /* whose output is sent next */
    struct link link;
    struct exec execs[EXEC_LIMIT];
};

/* Which descriptor an event is about. */
enum watch { WATCH_LINK, WATCH_LISTENER, WATCH_CHILDREN, WATCH_REPORT, WATCH_STDOUT, WATCH_STDERR, WATCH_STDIN };

/* agent.c */
void agent_init(struct agent *agent);
uint64_t monotonic_now(void);
/* Level-triggered unless edge; index is the exec's place. */
bool agent_watch(struct agent *agent, int fd, enum watch what, unsigned index, uint32_t events);
void agent_unwatch(struct agent *agent, int fd);
/* One line for whoever looks at the guest's kernel log (or stderr of a loopback). */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* loop.c */
void loop_run(struct agent *agent);
void loop_turn(struct agent *agent, int timeout_ms);

/* dispatch.c */
void dispatch(struct agent *agent, const struct frame *frame);
void protocol_error(struct agent *agent, uint8_t about, const char *message);

#endif
