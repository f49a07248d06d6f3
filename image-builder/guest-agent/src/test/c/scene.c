#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "exec.h"
#include "link.h"
#include "process.h"

#define FAKE_PID 0x10000000

static struct scene *current; /* the operations get an agent only */

static bool fake_spawn(struct agent *agent, struct exec *exec)
{
    static struct specification specification;
    unsigned index = exec_index(agent, exec);
    const char *wrong = specification_parse(&specification, exec->specification, exec->specification_length);
    if (wrong != NULL || current->refuse_spawn) {
        exec->failed_step = wrong != NULL ? "specification" : "limit";
        exec->failed_errno = wrong != NULL ? EINVAL : EAGAIN;
        snprintf(exec->failed_message, sizeof exec->failed_message, "%s", wrong != NULL ? wrong : "no more");
        return false;
    }
    int in[2], out[2], error[2], report[2];
    CHECK(pipe2(in, O_CLOEXEC | O_NONBLOCK) == 0 && pipe2(out, O_CLOEXEC | O_NONBLOCK) == 0);
    CHECK(pipe2(error, O_CLOEXEC | O_NONBLOCK) == 0 && pipe2(report, O_CLOEXEC | O_NONBLOCK) == 0);
    CHECK(ring_open(&exec->output[0].ring, OUTPUT_WINDOW) && ring_open(&exec->output[1].ring, OUTPUT_WINDOW));
    CHECK(ring_open(&exec->input.ring, STDIN_WINDOW));
    CHECK(agent_watch(agent, report[0], WATCH_REPORT, index, EPOLLIN));
    exec->pid = (pid_t)(FAKE_PID + index);
    exec->pid_said = (uint32_t)exec->pid;
    exec->report = report[0];
    exec->output[0].fd = out[0];
    exec->output[1].fd = error[0];
    exec->input.fd = in[1];
    exec->input.wanted = specification.stdin_open;
    int child[4] = {in[0], out[1], error[1], report[1]};
    memcpy(current->child[index], child, sizeof child);
    return true;
}

static void fake_signal(struct agent *agent, struct exec *exec, int number, bool everything)
{
    (void)agent;
    (void)exec;
    current->last_signal = number;
    current->last_everything = everything;
}

static void fake_power_off(struct agent *agent)
{
    agent->stopping = true;
}

static void close_child(struct scene *scene, unsigned index, int which)
{
    if (scene->child[index][which] >= 0) {
        close(scene->child[index][which]);
        scene->child[index][which] = -1;
    }
}

void scene_open(struct scene *scene)
{
    int pair[2];
    current = scene;
    agent_init(&scene->agent);
    scene->agent.operations = (struct operations){fake_spawn, fake_signal, fake_power_off};
    scene->agent.epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(scene->agent.epoll >= 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK(link_use_stream(&scene->agent, pair[0], pair[0]));
    scene->host.fd = pair[1];
    host_reset(&scene->host, 1);
    memset(scene->child, -1, sizeof scene->child);
    scene->last_signal = 0;
    scene->refuse_spawn = false;
    message_begin(&scene->message);
}

void scene_close(struct scene *scene)
{
    exec_release_all(&scene->agent);
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        for (int k = 0; k < 4; k++) {
            close_child(scene, i, k);
        }
    }
    if (scene->agent.link.in >= 0) {
        close(scene->agent.link.in);
    }
    close(scene->agent.epoll);
    close(scene->host.fd);
}

void scene_settle(struct scene *scene)
{
    struct agent *agent = &scene->agent;
    for (int i = 0; i < 40 && !agent->stopping; i++) {
        loop_turn(agent, 0);
        if (!agent->stopping) {
            (void)link_pump(agent);
        }
        (void)host_fill(&scene->host);
    }
}

void scene_say(struct scene *scene)
{
    host_send(&scene->host, &scene->message);
    scene_settle(scene);
    message_begin(&scene->message);
}

struct message *scene_new(struct scene *scene)
{
    message_begin(&scene->message);
    return &scene->message;
}

bool scene_expect(struct scene *scene, uint8_t type, struct frame *frame)
{
    while (host_next(&scene->host, frame)) {
        if (frame->type == type) {
            return true;
        }
    }
    return false;
}

void scene_ready(struct scene *scene)
{
    struct frame frame;
    message_hello(scene_new(scene), scene->host.nonce);
    message_setup(&scene->message, "");
    scene_say(scene);
    CHECK(scene_expect(scene, AGENT_HELLO_ACK, &frame));
    CHECK(scene_expect(scene, AGENT_SETUP_DONE, &frame));
}

void scene_become(struct scene *scene, struct exec *exec)
{
    close_child(scene, exec_index(&scene->agent, exec), 3);
    scene_settle(scene);
}

struct exec *scene_start(struct scene *scene, uint32_t id, uint8_t flags)
{
    static const char *const argv[] = {"program", NULL};
    struct frame frame;
    message_exec(scene_new(scene), id, argv, "", flags);
    scene_say(scene);
    struct exec *exec = exec_find(&scene->agent, id);
    CHECK(exec != NULL && exec->state == EXEC_STARTING);
    scene_become(scene, exec);
    CHECK(scene_expect(scene, AGENT_EXEC_STARTED, &frame) && frame.exec == id);
    return exec;
}

void scene_print(struct scene *scene, struct exec *exec, int stream, const void *data, size_t length)
{
    const uint8_t *next = data;
    int fd = scene->child[exec_index(&scene->agent, exec)][1 + stream];
    while (length > 0) {
        ssize_t written = write(fd, next, length);
        if (written > 0) {
            next += written;
            length -= (size_t)written;
        }
        scene_settle(scene);
    }
}

void scene_end(struct scene *scene, struct exec *exec, int status, bool close_pipes)
{
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    unsigned index = exec_index(&scene->agent, exec);
    for (int k = 0; k < 4 && close_pipes; k++) {
        close_child(scene, index, k);
    }
    exec_child_ended(&scene->agent, exec, status, &usage);
    scene_settle(scene);
}
