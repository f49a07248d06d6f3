#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "exec.h"
#include "streams.h"

/* Written bytes are acknowledged in steps of this, and whenever nothing waits. */
#define ACK_STEP 16384

static void watch_input(struct agent *agent, struct exec *exec, bool on)
{
    struct input *input = &exec->input;
    if (input->fd < 0 || input->watched == on) {
        return;
    }
    if (on) {
        input->watched = agent_watch(agent, input->fd, WATCH_STDIN, exec_index(agent, exec), EPOLLOUT);
    } else {
        agent_unwatch(agent, input->fd);
        input->watched = false;
    }
}

void input_close(struct agent *agent, struct exec *exec)
{
    watch_input(agent, exec, false);
    if (exec->input.fd >= 0) {
        close(exec->input.fd);
        exec->input.fd = -1;
    }
    ring_forget(&exec->input.ring, exec->input.ring.end);
}

void input_writable(struct agent *agent, struct exec *exec)
{
    struct input *input = &exec->input;
    struct iovec pieces[2];
    int count;
    while (input->fd >= 0 && (count = ring_view(&input->ring, input->ring.begin, STDIN_WINDOW, pieces)) > 0) {
        ssize_t written = writev(input->fd, pieces, count);
        if (written > 0) {
            ring_forget(&input->ring, input->ring.begin + (uint64_t)written);
        } else if (written < 0 && errno == EAGAIN) {
            break;
        } else if (written < 0 && errno != EINTR) {
            input_close(agent, exec); /* the process does not read any more: the rest counts as written */
        }
    }
    bool empty = ring_used(&input->ring) == 0;
    if (empty && input->ended) {
        input_close(agent, exec);
    }
    watch_input(agent, exec, !empty);
    uint64_t unsaid = input->ring.begin - input->acknowledged;
    input->ack_due = input->ack_due || unsaid >= ACK_STEP || (unsaid > 0 && empty);
}

/* The exec that a STDIN or STDIN_EOF frame is for; NULL when there is nothing to do. */
static struct exec *addressee(struct agent *agent, const struct frame *frame)
{
    struct exec *exec = exec_find(agent, frame->exec);
    if (exec == NULL || exec->state == EXEC_FAILED || exec->state == EXEC_ENDED) {
        return NULL; /* it ended while this was under way */
    }
    if (!exec->input.wanted) {
        protocol_error(agent, frame->type, "this exec has no open stdin");
        return NULL;
    }
    return exec;
}

void input_take(struct agent *agent, const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint64_t offset = read_u64(&reader);
    if (reader.bad || reader.left > STDIN_FRAME_LIMIT) {
        protocol_error(agent, frame->type, "STDIN is an offset and at most 32768 bytes");
        return;
    }
    struct exec *exec = addressee(agent, frame);
    if (exec == NULL) {
        return;
    }
    struct input *input = &exec->input;
    struct ring *ring = &input->ring;
    if (offset > ring->end) {
        protocol_error(agent, frame->type, "bytes before this offset are missing");
        return;
    }
    uint64_t known = ring->end - offset;
    if (known >= reader.left) {
        input->ack_due = true; /* a repetition: say again how far we are */
        return;
    }
    size_t fresh = reader.left - (size_t)known;
    if (input->ended) {
        protocol_error(agent, frame->type, "bytes after the end of stdin");
        return;
    }
    if (fresh > ring_room(ring)) {
        protocol_error(agent, frame->type, "beyond the limit of the last STDIN_ACK");
        return;
    }
    ring_put(ring, reader.next + known, fresh);
    if (input->fd < 0) {
        ring_forget(ring, ring->end);
    }
    /* While it starts, the bytes wait: the child still may fail. */
    if (exec->state != EXEC_STARTING) {
        input_writable(agent, exec);
    }
}

void input_end(struct agent *agent, const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint64_t offset = read_u64(&reader);
    if (!reader_finished(&reader)) {
        protocol_error(agent, frame->type, "STDIN_EOF is an offset");
        return;
    }
    struct exec *exec = addressee(agent, frame);
    if (exec == NULL) {
        return;
    }
    if (offset != exec->input.ring.end) {
        protocol_error(agent, frame->type, "the end of stdin is not where its bytes end");
        return;
    }
    exec->input.ended = true;
    if (exec->state != EXEC_STARTING) {
        input_writable(agent, exec);
    }
}

void input_produce(struct agent *agent, struct exec *exec)
{
    struct input *input = &exec->input;
    if (!input->ack_due || !input->wanted || exec->state == EXEC_ENDED) {
        return;
    }
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_STDIN_ACK, exec->id);
    write_u64(writer, input->ring.begin);
    write_u64(writer, input->ring.begin + STDIN_WINDOW);
    if (frame_end(writer, place)) {
        input->acknowledged = input->ring.begin;
        input->ack_due = false;
    }
}
