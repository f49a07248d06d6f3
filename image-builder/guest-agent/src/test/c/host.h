/* The host's side of the conversation, for tests. */
#ifndef MAYFLY_TEST_HOST_H
#define MAYFLY_TEST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

#define HOST_BYTES (1024 * 1024)

struct host {
    int fd;
    uint8_t nonce[NONCE_BYTES];
    bool greeted; /* magic and nonce have been seen */
    size_t start, end;
    uint8_t bytes[HOST_BYTES];
};

/* What is to be sent: frames one behind the other. */
struct message {
    struct writer writer;
    uint8_t bytes[2 * SPEC_LIMIT];
};

void message_begin(struct message *message);
void message_magic(struct message *message);
void message_frame(struct message *message, uint8_t type, uint32_t exec, const void *payload, size_t length);
void message_hello(struct message *message, const uint8_t nonce[NONCE_BYTES]);
void message_setup(struct message *message, const char *root_serial);
/* Specification and start. */
void message_exec(struct message *message, uint32_t exec, const char *const *argv, const char *user, uint8_t flags);
void message_offset(struct message *message, uint8_t type, uint32_t exec, uint64_t offset, const void *data, size_t length);
void message_ack(struct message *message, uint32_t exec, uint8_t stream, uint64_t offset);
void message_signal(struct message *message, uint32_t exec, uint8_t number, uint8_t scope);

/* Sends all of it; the descriptor blocks. */
void host_send(struct host *host, const struct message *message);
/* Reads once without waiting; false at the end of the stream. */
bool host_fill(struct host *host);
/* The next frame among what has been read; dies when it is not well-formed. */
bool host_next(struct host *host, struct frame *frame);
/* Forgets what was read; a new conversation with a new nonce begins. */
void host_reset(struct host *host, uint8_t seed);

#endif
