#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "exec.h"
#include "link.h"
#include "streams.h"

/* A frame of this much data is 32 KiB in all, which the port takes in one write. */
#define OUTPUT_PIECE (OUTPUT_FRAME_LIMIT - FRAME_HEADER_BYTES - 9)
/* A full window is read on when this much is free, not at every small acknowledgement. */
#define WINDOW_HYSTERESIS 16384

static void watch_output(struct agent *agent, struct exec *exec, int which, bool on)
{
    struct output *output = &exec->output[which];
    if (output->fd < 0 || output->watched == on) {
        return;
    }
    if (on) {
        output->watched = agent_watch(agent, output->fd, which == 0 ? WATCH_STDOUT : WATCH_STDERR, exec_index(agent, exec), EPOLLIN);
    } else {
        agent_unwatch(agent, output->fd);
        output->watched = false;
    }
}

static void close_output(struct agent *agent, struct exec *exec, int which)
{
    watch_output(agent, exec, which, false);
    if (exec->output[which].fd >= 0) {
        close(exec->output[which].fd);
        exec->output[which].fd = -1;
    }
}

void streams_open(struct agent *agent, struct exec *exec)
{
    watch_output(agent, exec, 0, true);
    watch_output(agent, exec, 1, true);
    input_writable(agent, exec);
}

void streams_close(struct agent *agent, struct exec *exec)
{
    for (int which = 0; which < 2; which++) {
        close_output(agent, exec, which);
        ring_close(&exec->output[which].ring);
    }
    input_close(agent, exec);
    ring_close(&exec->input.ring);
}

void output_readable(struct agent *agent, struct exec *exec, int which)
{
    struct output *output = &exec->output[which];
    if (output->fd < 0) {
        return;
    }
    struct iovec pieces[2];
    int count = ring_space(&output->ring, pieces);
    if (count == 0) {
        watch_output(agent, exec, which, false); /* a level-triggered event would come for ever */
        return;
    }
    if (output->limited) {
        count = 1;
        pieces[0].iov_len = pieces[0].iov_len < output->remaining ? pieces[0].iov_len : output->remaining;
    }
    ssize_t got = readv(output->fd, pieces, count);
    if (got < 0 && (errno == EAGAIN || errno == EINTR) && !output->limited) {
        return;
    }
    if (got <= 0) {
        close_output(agent, exec, which);
        return;
    }
    ring_filled(&output->ring, (size_t)got);
    if (output->limited) {
        output->remaining -= (size_t)got;
        if (output->remaining == 0) {
            close_output(agent, exec, which);
        }
    }
    if (ring_room(&output->ring) == 0) {
        watch_output(agent, exec, which, false);
    }
}

bool output_give_up(struct agent *agent, struct exec *exec)
{
    bool held = false;
    for (int which = 0; which < 2; which++) {
        struct output *output = &exec->output[which];
        if (output->fd < 0) {
            continue;
        }
        struct pollfd poller = {.fd = output->fd, .events = POLLIN};
        bool writers_gone = poll(&poller, 1, 0) == 1 && (poller.revents & POLLHUP) != 0;
        if (writers_gone) {
            continue; /* the host is slow, nothing else: the rest is read as it makes room */
        }
        held = true;
        int left = 0;
        (void)ioctl(output->fd, FIONREAD, &left);
        output->limited = true;
        output->remaining = (size_t)left;
        if (left == 0) {
            close_output(agent, exec, which);
        }
    }
    return held;
}

void output_acknowledge(struct agent *agent, const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint8_t stream = read_u8(&reader);
    uint64_t offset = read_u64(&reader);
    if (!reader_finished(&reader) || stream < 1 || stream > 2) {
        protocol_error(agent, frame->type, "OUTPUT_ACK is a stream of 1 or 2 and an offset");
        return;
    }
    struct exec *exec = exec_find(agent, frame->exec);
    if (exec == NULL) {
        return; /* forgotten meanwhile */
    }
    struct output *output = &exec->output[stream - 1];
    if (offset > output->ring.end) {
        protocol_error(agent, frame->type, "acknowledges output that was never made");
        return;
    }
    if (offset > output->ring.begin) {
        ring_forget(&output->ring, offset);
    }
    if (output->sent < output->ring.begin) {
        output->sent = output->ring.begin;
    }
    bool open = exec->state == EXEC_RUNNING || exec->state == EXEC_DRAINING;
    if (open && ring_room(&output->ring) >= WINDOW_HYSTERESIS) {
        watch_output(agent, exec, stream - 1, true);
    }
}

void output_produce(struct agent *agent, struct exec *exec, int which)
{
    struct output *output = &exec->output[which];
    struct iovec pieces[2];
    int count = ring_view(&output->ring, output->sent, OUTPUT_PIECE, pieces);
    if (count == 0) {
        return;
    }
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_OUTPUT, exec->id);
    write_u8(writer, (uint8_t)(which + 1));
    write_u64(writer, output->sent);
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        write_raw(writer, pieces[i].iov_base, pieces[i].iov_len);
        total += pieces[i].iov_len;
    }
    if (frame_end(writer, place)) {
        output->sent += total;
    }
}
