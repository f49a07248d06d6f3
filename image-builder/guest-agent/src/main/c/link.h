/* The connection to the host: reading, writing, and what happens when it is cut. */
#ifndef MAYFLY_LINK_H
#define MAYFLY_LINK_H

#include "agent.h"

void link_init(struct link *link);
/* The virtio-serial port, opened non-blocking for reading and writing. */
bool link_use_port(struct agent *agent, int fd);
/* A pair of descriptors; when it ends, the agent stops. */
bool link_use_stream(struct agent *agent, int in, int out);
/* A listening socket; one connection at a time, the next takes the place of the last. */
bool link_use_listener(struct agent *agent, int listener);

void link_event(struct agent *agent, uint32_t events);
void link_accept(struct agent *agent);
/* Reads frames and writes answers and output; true when there is more to do at once. */
bool link_pump(struct agent *agent);
/* When the link wants to be tried again without an event. */
uint64_t link_deadline(const struct agent *agent);

/* Drops what is queued and begins anew with magic and nonce: the answer to HELLO. */
void link_greet(struct link *link, const uint8_t nonce[NONCE_BYTES]);
size_t link_room(const struct link *link);
size_t link_queued(const struct link *link);

/* Writes out what is queued, waiting at most this long. */
void link_flush(struct agent *agent, unsigned milliseconds);

#endif
