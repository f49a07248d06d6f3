/* The whole agent as a process, with real children: everything but what needs to be PID 1. usage: loopback AGENT */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "crc32.h"
#include "host.h"

#define DEADLINE_SECONDS 60
#define KEPT 100000

static struct host host;
static struct message message;
static const char *program;
static char path[] = "/tmp/mayfly-loopback-XXXXXX";
static pid_t agent;

/* What a host keeps of one exec. */
struct seen {
    uint64_t bytes[2];
    uint32_t crc[2];
    char text[2][KEPT];
    bool started, exited, failed;
    uint8_t kind, code, flags;
    uint64_t ends[2], stdin_acknowledged;
    char step[32];
};

static struct seen seen;

static void connect_again(bool spoken_before, uint8_t seed)
{
    static const uint8_t zeros[FRAME_LIMIT];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, sizeof path);
    host.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (int i = 0; connect(host.fd, (struct sockaddr *)&address, sizeof address) != 0; i++) {
        CHECK(i < 5000);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    host_reset(&host, seed);
    message_begin(&message);
    if (spoken_before) {
        write_raw(&message.writer, zeros, sizeof zeros);
    }
    message_hello(&message, host.nonce);
    host_send(&host, &message);
}

static void say(void)
{
    host_send(&host, &message);
    message_begin(&message);
}

static void take_output(const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint8_t stream = read_u8(&reader);
    uint64_t offset = read_u64(&reader);
    CHECK(!reader.bad && stream >= 1 && stream <= 2 && reader.left >= 1 && seen.started && !seen.exited);
    int k = stream - 1;
    CHECK(offset <= seen.bytes[k]); /* nothing is missing */
    uint64_t known = seen.bytes[k] - offset;
    if (known < reader.left) {
        const uint8_t *fresh = reader.next + known;
        size_t length = reader.left - (size_t)known;
        seen.crc[k] = crc32_update(seen.crc[k], fresh, length);
        if (seen.bytes[k] + length < KEPT) {
            memcpy(seen.text[k] + seen.bytes[k], fresh, length);
        }
        seen.bytes[k] += length;
    }
    message_begin(&message);
    message_ack(&message, 1, stream, seen.bytes[k]);
    say();
}

static void take(const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    switch (frame->type) {
    case AGENT_EXEC_STARTED:
        seen.started = true;
        break;
    case AGENT_OUTPUT:
        take_output(frame);
        break;
    case AGENT_EXEC_FAILED:
        seen.failed = true;
        read_string(&reader, seen.step, sizeof seen.step);
        break;
    case AGENT_EXEC_EXIT:
        seen.exited = true;
        seen.kind = read_u8(&reader);
        seen.code = read_u8(&reader);
        seen.flags = read_u8(&reader);
        seen.ends[0] = read_u64(&reader);
        seen.ends[1] = read_u64(&reader);
        break;
    case AGENT_STDIN_ACK:
        seen.stdin_acknowledged = read_u64(&reader);
        break;
    default:
        CHECK(frame->type == AGENT_HELLO_ACK || frame->type == AGENT_SETUP_DONE || frame->type == AGENT_PONG
            || frame->type == AGENT_BYE);
        break;
    }
}

/* Takes frames until one of this type has come. */
static void wait_for(uint8_t type)
{
    struct frame frame;
    time_t end = time(NULL) + DEADLINE_SECONDS;
    for (;;) {
        while (host_next(&host, &frame)) {
            take(&frame);
            if (frame.type == type) {
                return;
            }
        }
        struct pollfd poller = {.fd = host.fd, .events = POLLIN};
        CHECK(poll(&poller, 1, 1000) >= 0 && time(NULL) < end);
        CHECK(host_fill(&host));
    }
}

static void start(const char *script, uint8_t flags)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    memset(&seen, 0, sizeof seen);
    message_begin(&message);
    message_exec(&message, 1, argv, "", flags);
    say();
}

static void forget(void)
{
    CHECK(!seen.exited || (seen.ends[0] == seen.bytes[0] && seen.ends[1] == seen.bytes[1]));
    message_frame(&message, HOST_EXEC_FORGET, 1, "", 0);
    message_frame(&message, HOST_PING, 0, "12345678", 8);
    say();
    wait_for(AGENT_PONG);
}

static void run(const char *script)
{
    start(script, 0);
    wait_for(AGENT_EXEC_EXIT);
    forget();
}

static void aScriptSaysBothStreamsAndItsCode(void)
{
    run("echo out; echo err >&2; echo $COLOUR; exit 3");
    CHECK(strcmp(seen.text[0], "out\nblue\n") == 0 && strcmp(seen.text[1], "err\n") == 0);
    CHECK(seen.kind == 0 && seen.code == 3 && seen.flags == 0);
}

static void aProgramThatIsNotThereFailsAtExec(void)
{
    const char *argv[] = {"mayfly-no-such-program", NULL};
    memset(&seen, 0, sizeof seen);
    message_begin(&message);
    message_exec(&message, 1, argv, "", 0);
    say();
    wait_for(AGENT_EXEC_FAILED);
    CHECK(strcmp(seen.step, "exec") == 0 && !seen.started);
}

static void aUserThatIsNotThereFailsAtUser(void)
{
    const char *argv[] = {"true", NULL};
    memset(&seen, 0, sizeof seen);
    message_begin(&message);
    message_exec(&message, 1, argv, "mayfly-no-such-user", 0);
    say();
    wait_for(AGENT_EXEC_FAILED);
    CHECK(strcmp(seen.step, "user") == 0);
}

static void aSignalToEverythingReachesTheGrandchildren(void)
{
    start("sleep 1000 & sleep 1000 & echo all are there; wait", 0);
    wait_for(AGENT_OUTPUT);
    message_signal(&message, 1, SIGTERM, 1);
    say();
    wait_for(AGENT_EXEC_EXIT);
    CHECK(seen.kind == 1 && seen.code == SIGTERM && seen.flags == 0);
    forget();
}

static void aDaemonLeftBehindIsGivenUpAndKilled(void)
{
    run("(while :; do sleep 0.05; done) & echo $!");
    CHECK(seen.kind == 0 && seen.code == 0 && seen.flags == 4);
    pid_t daemon = (pid_t)strtol(seen.text[0], NULL, 10);
    for (int i = 0; kill(daemon, 0) == 0; i++) {
        CHECK(daemon > 1 && i < 5000);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

static void stdinGoesThroughAndEnds(void)
{
    start("cat; echo end", 1);
    wait_for(AGENT_EXEC_STARTED);
    message_offset(&message, HOST_STDIN, 1, 0, "hello ", 6);
    message_offset(&message, HOST_STDIN, 1, 6, "world\n", 6);
    message_offset(&message, HOST_STDIN_EOF, 1, 12, "", 0);
    say();
    wait_for(AGENT_EXEC_EXIT);
    CHECK(strcmp(seen.text[0], "hello world\nend\n") == 0 && seen.stdin_acknowledged == 12);
    forget();
}

static void aProcessThatClosesItsStdoutEndsAsItWants(void)
{
    run("exec >&- 2>&-; sleep 0.1; exit 9");
    CHECK(seen.code == 9 && seen.flags == 0 && seen.bytes[0] == 0);
}

static void fiftyMegabytesArriveWhole(void)
{
    struct timespec from, to;
    uint32_t expected = 0;
    static const char line[] = "0123456789abcde\n";
    for (size_t i = 0; i < 50000000 / 16; i++) {
        expected = crc32_update(expected, line, 16);
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    run("yes 0123456789abcde | head -c 50000000");
    clock_gettime(CLOCK_MONOTONIC, &to);
    CHECK(seen.bytes[0] == 50000000 && seen.crc[0] == expected && seen.code == 0);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    fprintf(stderr, "    50 MB in %.2f s\n", seconds);
}

static void aHostThatReconnectsLosesAndRepeatsNothing(void)
{
    uint32_t expected = 0;
    uint64_t length = 0;
    for (int i = 0; i < 30000; i++) {
        char line[32];
        int size = snprintf(line, sizeof line, "line %d\n", i);
        expected = crc32_update(expected, line, (size_t)size);
        length += (uint64_t)size;
    }
    start("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; exit 4", 0);
    for (uint8_t round = 10; round < 25; round++) {
        wait_for(AGENT_OUTPUT);
        wait_for(AGENT_OUTPUT);
        /* Cut in the middle of a frame, each time elsewhere. */
        message_frame(&message, HOST_EXEC_SPEC, 1, "a frame that will not be finished", 33);
        message.writer.length -= round;
        say();
        close(host.fd);
        connect_again(true, round);
        wait_for(AGENT_HELLO_ACK);
    }
    wait_for(AGENT_EXEC_EXIT);
    CHECK(seen.bytes[0] == length && seen.crc[0] == expected && seen.code == 4);
    forget();
}

static void powerOffSaysGoodbye(void)
{
    int status;
    start("sleep 1000", 0);
    wait_for(AGENT_EXEC_STARTED);
    message_frame(&message, HOST_POWER_OFF, 0, "", 0);
    say();
    wait_for(AGENT_BYE);
    CHECK(waitpid(agent, &status, 0) == agent && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(aScriptSaysBothStreamsAndItsCode),
        TEST(aProgramThatIsNotThereFailsAtExec),
        TEST(aUserThatIsNotThereFailsAtUser),
        TEST(aSignalToEverythingReachesTheGrandchildren),
        TEST(aDaemonLeftBehindIsGivenUpAndKilled),
        TEST(stdinGoesThroughAndEnds),
        TEST(aProcessThatClosesItsStdoutEndsAsItWants),
        TEST(fiftyMegabytesArriveWhole),
        TEST(aHostThatReconnectsLosesAndRepeatsNothing),
        TEST(powerOffSaysGoodbye),
    };
    CHECK(argc == 2);
    program = argv[1];
    crc32_prepare();
    (void)signal(SIGPIPE, SIG_IGN);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    unlink(path);
    agent = fork();
    if (agent == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a check fails */
        execl(program, program, "--loopback", "--listen", path, (char *)NULL);
        _exit(127);
    }
    connect_again(false, 1);
    message_begin(&message);
    message_setup(&message, "");
    say();
    wait_for(AGENT_SETUP_DONE);
    run_tests("loopback", tests, sizeof tests / sizeof *tests);
    fprintf(stderr, "all loopback tests of the guest agent passed\n");
    return 0;
}
