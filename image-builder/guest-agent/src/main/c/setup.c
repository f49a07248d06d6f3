#include "setup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_hostname(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 63
        && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == length;
}

static bool is_machine_id(const char *text)
{
    return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

static bool is_address(const char *text)
{
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1;
}

static const char *check_network(const struct setup *setup)
{
    if (setup->network_mode > 1) {
        return "the network mode is neither 0 nor 1";
    }
    if (setup->network_mode == 1 && !is_address(setup->address)) {
        return "the address is not IPv4";
    }
    if (setup->gateway[0] != '\0' && !is_address(setup->gateway)) {
        return "the gateway is not IPv4";
    }
    if (setup->prefix_length > 32) {
        return "the prefix length is above 32";
    }
    for (uint32_t i = 0; i < setup->name_server_count; i++) {
        struct in6_addr six;
        if (!is_address(setup->name_servers[i]) && inet_pton(AF_INET6, setup->name_servers[i], &six) != 1) {
            return "a name server is not an address";
        }
    }
    return NULL;
}

static const char *check(const struct setup *setup)
{
    if (setup->entropy_length < ENTROPY_MIN || setup->entropy_length > ENTROPY_MAX) {
        return "entropy is 32 to 512 bytes";
    }
    if (!is_hostname(setup->hostname)) {
        return "the hostname is not 1 to 63 letters, digits, dots and hyphens";
    }
    if (!is_machine_id(setup->machine_id)) {
        return "the machine id is not 32 hexadecimal digits";
    }
    if (setup->root_serial[0] != '\0' && strcmp(setup->root_file_system, "erofs") != 0
        && strcmp(setup->root_file_system, "ext4") != 0) {
        return "the root file system is neither erofs nor ext4";
    }
    if (setup->scratch_serial[0] != '\0' && strcmp(setup->scratch_file_system, "ext4") != 0) {
        return "the scratch file system is not ext4";
    }
    return check_network(setup);
}

const char *setup_parse(struct setup *setup, const uint8_t *payload, size_t length)
{
    memset(setup, 0, sizeof *setup);
    struct reader reader = reader_of(payload, length);
    setup->wall_clock = read_u64(&reader);
    setup->entropy_length = read_u32(&reader);
    setup->entropy = read_raw(&reader, setup->entropy_length);
    read_string(&reader, setup->hostname, sizeof setup->hostname);
    read_string(&reader, setup->machine_id, sizeof setup->machine_id);
    read_string(&reader, setup->root_serial, sizeof setup->root_serial);
    read_string(&reader, setup->root_file_system, sizeof setup->root_file_system);
    read_string(&reader, setup->scratch_serial, sizeof setup->scratch_serial);
    read_string(&reader, setup->scratch_file_system, sizeof setup->scratch_file_system);
    setup->network_mode = read_u8(&reader);
    read_string(&reader, setup->address, sizeof setup->address);
    setup->prefix_length = read_u8(&reader);
    read_string(&reader, setup->gateway, sizeof setup->gateway);
    setup->name_server_count = read_u32(&reader);
    if (setup->name_server_count > NAME_SERVER_LIMIT) {
        return "more than 3 name servers";
    }
    for (uint32_t i = 0; i < setup->name_server_count; i++) {
        read_string(&reader, setup->name_servers[i], sizeof setup->name_servers[i]);
    }
    setup->orphan_seconds = read_u32(&reader);
    return reader_finished(&reader) ? check(setup) : "the payload is malformed";
}

int failed(struct failure *failure, int error, const char *format, ...)
{
    char what[MESSAGE_LIMIT / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(failure->message, sizeof failure->message, "%s: %s", what, strerror(error));
    return error != 0 ? error : EIO;
}

static const struct step {
    const char *name;
    int (*take)(struct agent *agent, const struct setup *setup, struct failure *failure);
} steps[] = {
    {"clock", step_clock},
    {"entropy", step_entropy},
    {"hostname", step_hostname},
    {"root", step_root},
    {"mounts", step_mounts},
    {"cgroup", step_cgroup},
    {"files", step_files},
    {"network", step_network},
};

#define STEPS (sizeof steps / sizeof *steps)

/* Takes all steps and writes the payload of the answer. */
static void take_steps(struct agent *agent, const struct setup *setup)
{
    uint64_t times[STEPS];
    struct writer writer = writer_into(agent->setup_answer, sizeof agent->setup_answer);
    agent->setup = SETUP_COMPLETE;
    uint32_t taken = agent->guest ? STEPS : 0; /* a loopback leaves its host as it is */
    for (uint32_t i = 0; i < taken; i++) {
        struct failure failure = {""};
        uint64_t begin = monotonic_now();
        int error = steps[i].take(agent, setup, &failure);
        times[i] = monotonic_now() - begin;
        if (error != 0) {
            note("setup failed at %s: %s", steps[i].name, failure.message);
            agent->setup = SETUP_BROKEN;
            write_string(&writer, steps[i].name, MESSAGE_LIMIT);
            write_u32(&writer, (uint32_t)error);
            write_string(&writer, failure.message, MESSAGE_LIMIT);
            break;
        }
    }
    if (agent->setup == SETUP_COMPLETE) {
        write_u32(&writer, taken);
        for (uint32_t i = 0; i < taken; i++) {
            write_string(&writer, steps[i].name, MESSAGE_LIMIT);
            write_u64(&writer, times[i]);
        }
    }
    agent->setup_answer_length = writer.length;
}

void setup_take(struct agent *agent, const struct frame *frame)
{
    static struct setup setup;
    const char *wrong = setup_parse(&setup, frame->payload, frame->length);
    if (wrong != NULL) {
        protocol_error(agent, frame->type, wrong);
        return;
    }
    if (agent->setup == SETUP_NONE) {
        agent->orphan_after = setup.orphan_seconds * SECOND;
        take_steps(agent, &setup);
        agent->now = monotonic_now();
        agent->link.heard_at = agent->now;
    }
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, agent->setup == SETUP_COMPLETE ? AGENT_SETUP_DONE : AGENT_SETUP_FAILED, 0);
    write_raw(writer, agent->setup_answer, agent->setup_answer_length);
    frame_end(writer, place);
}
