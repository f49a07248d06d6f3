/* The host's frames. */
#include <string.h>
#include <sys/utsname.h>

#include "exec.h"
#include "link.h"
#include "setup.h"
#include "streams.h"

void protocol_error(struct agent *agent, uint8_t about, const char *message)
{
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_PROTOCOL_ERROR, 0);
    write_u8(writer, about);
    write_string(writer, message, MESSAGE_LIMIT);
    frame_end(writer, place);
}

static void take_hello(struct agent *agent, const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint16_t lowest = read_u16(&reader);
    uint16_t highest = read_u16(&reader);
    const uint8_t *nonce = read_raw(&reader, NONCE_BYTES);
    if (!reader_finished(&reader) || nonce == NULL) {
        protocol_error(agent, frame->type, "HELLO is two versions and a nonce of 16 bytes");
        return;
    }
    link_greet(&agent->link, nonce);
    if (lowest > PROTOCOL_VERSION || highest < PROTOCOL_VERSION) {
        protocol_error(agent, frame->type, "this agent speaks version 1 only");
        return;
    }
    exec_repeat_all(agent);
    struct utsname names;
    memset(&names, 0, sizeof names);
    (void)uname(&names);
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_HELLO_ACK, 0);
    write_u16(writer, PROTOCOL_VERSION);
    write_u64(writer, agent->now);
    write_string(writer, AGENT_VERSION, SETUP_STRING_LIMIT);
    write_string(writer, names.release, SETUP_STRING_LIMIT);
    write_string(writer, names.machine, SETUP_STRING_LIMIT);
    write_u8(writer, (uint8_t)agent->setup);
    exec_list(agent, writer);
    frame_end(writer, place);
}

static void take_ping(struct agent *agent, const struct frame *frame)
{
    struct reader reader = reader_of(frame->payload, frame->length);
    uint64_t token = read_u64(&reader);
    if (!reader_finished(&reader)) {
        protocol_error(agent, frame->type, "PING is a u64");
        return;
    }
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_PONG, 0);
    write_u64(writer, token);
    frame_end(writer, place);
}

static void take_power_off(struct agent *agent, const struct frame *frame)
{
    if (frame->length != 0) {
        protocol_error(agent, frame->type, "POWER_OFF is empty");
        return;
    }
    agent->operations.power_off(agent);
}

static void dispatch_about_exec(struct agent *agent, const struct frame *frame)
{
    switch (frame->type) {
    case HOST_EXEC_SPEC:
        exec_specify(agent, frame);
        break;
    case HOST_EXEC_START:
        exec_start(agent, frame);
        break;
    case HOST_STDIN:
        input_take(agent, frame);
        break;
    case HOST_STDIN_EOF:
        input_end(agent, frame);
        break;
    case HOST_OUTPUT_ACK:
        output_acknowledge(agent, frame);
        break;
    case HOST_SIGNAL:
        exec_signal(agent, frame);
        break;
    default:
        exec_forget(agent, frame);
        break;
    }
}

void dispatch(struct agent *agent, const struct frame *frame)
{
    bool about_exec = frame->type >= HOST_EXEC_SPEC && frame->type <= HOST_EXEC_FORGET;
    if (about_exec != (frame->exec != 0)) {
        protocol_error(agent, frame->type, about_exec ? "the exec id is missing" : "this frame is not about an exec");
        return;
    }
    switch (frame->type) {
    case HOST_HELLO:
        take_hello(agent, frame);
        break;
    case HOST_SETUP:
        setup_take(agent, frame);
        break;
    case HOST_PING:
        take_ping(agent, frame);
        break;
    case HOST_POWER_OFF:
        take_power_off(agent, frame);
        break;
    default:
        dispatch_about_exec(agent, frame);
        break;
    }
}
