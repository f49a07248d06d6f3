#include "link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec.h"

/* The virtio console copies a write of at most this much at a time. */
#define WRITE_PIECE 32768
/* When the kernel has no memory for a large write, this much still goes. */
#define WRITE_PIECE_SMALL 2048
/* Moved per turn in either direction, so that pipes, children and timers are served too. */
#define TURN_BYTES (256 * 1024)
/* A port without a host reports itself readable for ever; edges wake us, this catches an edge that was lost. */
#define RETRY_INTERVAL (20 * MILLISECOND)

void link_init(struct link *link)
{
    link->kind = LINK_PORT;
    link->listener = -1;
    link->in = link->out = -1;
    link->readable = link->writable = false;
    link->greeted = false;
    link->retry_at = NEVER;
    link->sent = 0;
    link->outgoing = writer_into(link->outgoing_bytes, OUTGOING_BYTES);
    decoder_reset(&link->incoming);
}

/* Nothing of the old connection may reach the next host. */
static void start_over(struct link *link)
{
    link->greeted = false;
    link->confirmed = false;
    link->outgoing.length = 0;
    link->sent = 0;
}

static void connected(struct agent *agent, int in, int out)
{
    struct link *link = &agent->link;
    link->in = in;
    link->out = out;
    link->readable = link->writable = true;
    link->heard_at = agent->now;
    decoder_reset(&link->incoming);
    start_over(link);
}

bool link_use_port(struct agent *agent, int fd)
{
    agent->link.kind = LINK_PORT;
    connected(agent, fd, fd);
    return agent_watch(agent, fd, WATCH_LINK, 0, EPOLLIN | EPOLLOUT | EPOLLET);
}

bool link_use_stream(struct agent *agent, int in, int out)
{
    agent->link.kind = LINK_STREAM;
    connected(agent, in, out);
    bool watched = agent_watch(agent, in, WATCH_LINK, 0, EPOLLIN | EPOLLET | (in == out ? (unsigned)EPOLLOUT : 0));
    if (in != out) {
        watched = watched && agent_watch(agent, out, WATCH_LINK, 0, EPOLLOUT | EPOLLET);
    }
    return watched;
}

bool link_use_listener(struct agent *agent, int listener)
{
    agent->link.kind = LINK_LISTENER;
    agent->link.listener = listener;
    return agent_watch(agent, listener, WATCH_LISTENER, 0, EPOLLIN);
}

static void disconnected(struct agent *agent)
{
    struct link *link = &agent->link;
    link->readable = false;
    link->writable = false;
    /*
     * The port's data overtake the news that a host is there: its HELLO can be read while the kernel still says that
     * nobody is connected. Its answer has to stay then; it goes out once the news is here.
     */
    if (link->kind == LINK_PORT && link->greeted && !link->confirmed) {
        return;
    }
    start_over(link);
    if (link->kind == LINK_PORT) {
        return; /* the port stays; an edge says when a host is back */
    }
    if (link->kind == LINK_STREAM) {
        agent->stopping = true;
    } else if (link->in >= 0) {
        close(link->in);
    }
    link->in = link->out = -1;
}

void link_accept(struct agent *agent)
{
    struct link *link = &agent->link;
    int fd = accept4(link->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (link->in >= 0) {
        disconnected(agent);
    }
    connected(agent, fd, fd);
    if (!agent_watch(agent, fd, WATCH_LINK, 0, EPOLLIN | EPOLLOUT | EPOLLET)) {
        disconnected(agent);
    }
}

void link_event(struct agent *agent, uint32_t events)
{
    struct link *link = &agent->link;
    if (link->in < 0) {
        return;
    }
    link->readable = link->readable || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
    link->writable = link->writable || (events & (EPOLLOUT | EPOLLERR)) != 0;
}

size_t link_queued(const struct link *link)
{
    return link->outgoing.length - link->sent;
}

size_t link_room(const struct link *link)
{
    return OUTGOING_BYTES - link_queued(link);
}

/* Moves what is queued to the front when the room is behind it. */
static void compact(struct link *link)
{
    size_t queued = link_queued(link);
    if (link->sent > 0 && (queued == 0 || OUTGOING_BYTES - link->outgoing.length < FRAME_LIMIT)) {
        memmove(link->outgoing_bytes, link->outgoing_bytes + link->sent, queued);
        link->outgoing.length = queued;
        link->sent = 0;
    }
}

void link_greet(struct link *link, const uint8_t nonce[NONCE_BYTES])
{
    start_over(link);
    write_raw(&link->outgoing, MAGIC, MAGIC_BYTES);
    write_raw(&link->outgoing, nonce, NONCE_BYTES);
    link->greeted = true;
}

static void handle_frames(struct agent *agent)
{
    struct link *link = &agent->link;
    struct frame frame;
    for (;;) {
        compact(link);
        if (agent->stopping || link_room(link) < OUTGOING_ANSWER_ROOM || !decoder_next(&link->incoming, &frame)) {
            return;
        }
        link->heard_at = agent->now;
        dispatch(agent, &frame);
    }
}

static bool can_read(const struct link *link)
{
    return link->readable && link->in >= 0 && link_room(link) >= OUTGOING_ANSWER_ROOM;
}

/* Reads what has come; returns how much. */
static size_t read_some(struct agent *agent)
{
    struct link *link = &agent->link;
    handle_frames(agent); /* frames that were left for want of room for answers */
    if (!can_read(link) || agent->stopping) {
        return 0;
    }
    size_t room;
    uint8_t *space = decoder_space(&link->incoming, &room);
    ssize_t got = read(link->in, space, room);
    if (got > 0) {
        decoder_added(&link->incoming, (size_t)got);
        handle_frames(agent);
        return (size_t)got;
    }
    if (got < 0 && errno == EINTR) {
        return 0;
    }
    link->readable = false;
    if (got == 0 || errno != EAGAIN) {
        disconnected(agent);
    }
    return 0;
}

/* Writes what is queued; returns how much. */
static size_t write_some(struct agent *agent)
{
    struct link *link = &agent->link;
    size_t queued = link_queued(link);
    if (queued == 0 || !link->writable || link->out < 0) {
        return 0;
    }
    size_t piece = queued < WRITE_PIECE ? queued : WRITE_PIECE;
    ssize_t written = write(link->out, link->outgoing_bytes + link->sent, piece);
    if (written < 0 && errno == ENOMEM && piece > WRITE_PIECE_SMALL) {
        written = write(link->out, link->outgoing_bytes + link->sent, WRITE_PIECE_SMALL);
    }
    if (written > 0) {
        link->sent += (size_t)written;
        link->confirmed = true;
        return (size_t)written;
    }
    link->writable = false;
    bool passing = written == 0 || errno == EAGAIN || errno == EINTR || errno == ENOMEM;
    if (!passing) {
        disconnected(agent);
    }
    return 0;
}

bool link_pump(struct agent *agent)
{
    struct link *link = &agent->link;
    size_t moved = 0;
    bool progress = true;
    if (agent->now >= link->retry_at) {
        link->readable = link->writable = link->in >= 0;
    }
    while (progress && moved < TURN_BYTES && !agent->stopping) {
        size_t before = moved;
        moved += read_some(agent);
        compact(link);
        size_t queued = link_queued(link);
        if (link->greeted) {
            exec_produce(agent);
        }
        moved += write_some(agent);
        progress = moved != before || (link_queued(link) != queued && link->writable);
    }
    /* A port that cannot write although it has to, or that has no host, is tried again later. */
    bool stuck = link->kind == LINK_PORT && (!link->writable || !link->greeted);
    link->retry_at = stuck ? agent->now + RETRY_INTERVAL : NEVER;
    return moved >= TURN_BYTES;
}

uint64_t link_deadline(const struct agent *agent)
{
    return agent->link.retry_at;
}

void link_flush(struct agent *agent, unsigned milliseconds)
{
    struct link *link = &agent->link;
    uint64_t end = monotonic_now() + milliseconds * MILLISECOND;
    while (link_queued(link) > 0 && link->out >= 0 && monotonic_now() < end) {
        link->writable = true;
        if (write_some(agent) == 0) {
            struct pollfd wait = {.fd = link->out, .events = POLLOUT};
            (void)poll(&wait, 1, 10);
        }
    }
}
