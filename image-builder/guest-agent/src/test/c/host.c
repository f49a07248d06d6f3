#include "host.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "crc32.h"

void message_begin(struct message *message)
{
    message->writer = writer_into(message->bytes, sizeof message->bytes);
}

void message_magic(struct message *message)
{
    write_raw(&message->writer, MAGIC, MAGIC_BYTES);
}

void message_frame(struct message *message, uint8_t type, uint32_t exec, const void *payload, size_t length)
{
    size_t place = frame_begin(&message->writer, type, exec);
    write_raw(&message->writer, payload, length);
    CHECK(frame_end(&message->writer, place));
}

void message_hello(struct message *message, const uint8_t nonce[NONCE_BYTES])
{
    message_magic(message);
    size_t place = frame_begin(&message->writer, HOST_HELLO, 0);
    write_u16(&message->writer, 1);
    write_u16(&message->writer, 1);
    write_raw(&message->writer, nonce, NONCE_BYTES);
    CHECK(frame_end(&message->writer, place));
}

void message_setup(struct message *message, const char *root_serial)
{
    static const uint8_t entropy[ENTROPY_MIN] = {1, 2, 3};
    struct writer *writer = &message->writer;
    size_t place = frame_begin(writer, HOST_SETUP, 0);
    write_u64(writer, UINT64_C(1700000000) * 1000000000);
    write_u32(writer, sizeof entropy);
    write_raw(writer, entropy, sizeof entropy);
    write_string(writer, "guest-1", 255);
    write_string(writer, "0123456789abcdef0123456789abcdef", 255);
    write_string(writer, root_serial, 255);
    write_string(writer, "erofs", 255);
    write_string(writer, "", 255);
    write_string(writer, "ext4", 255);
    write_u8(writer, 1);
    write_string(writer, "10.0.2.15", 255);
    write_u8(writer, 24);
    write_string(writer, "10.0.2.2", 255);
    write_u32(writer, 1);
    write_string(writer, "10.0.2.3", 255);
    write_u32(writer, 0);
    CHECK(frame_end(writer, place));
}

void message_exec(struct message *message, uint32_t exec, const char *const *argv, const char *user, uint8_t flags)
{
    static uint8_t bytes[FRAME_PAYLOAD_LIMIT];
    struct writer writer = writer_into(bytes, sizeof bytes);
    uint32_t count = 0;
    while (argv[count] != NULL) {
        count++;
    }
    write_u32(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        write_string(&writer, argv[i], sizeof bytes);
    }
    write_u32(&writer, 1);
    write_string(&writer, "COLOUR=blue", 255);
    write_string(&writer, "/", 255);
    write_string(&writer, user, 255);
    write_u8(&writer, flags);
    write_u32(&writer, 022);
    CHECK(!writer.overflow);
    message_frame(message, HOST_EXEC_SPEC, exec, bytes, writer.length);
    uint8_t total[4];
    struct writer number = writer_into(total, sizeof total);
    write_u32(&number, (uint32_t)writer.length);
    message_frame(message, HOST_EXEC_START, exec, total, sizeof total);
}

void message_offset(struct message *message, uint8_t type, uint32_t exec, uint64_t offset, const void *data, size_t length)
{
    size_t place = frame_begin(&message->writer, type, exec);
    write_u64(&message->writer, offset);
    write_raw(&message->writer, data, length);
    CHECK(frame_end(&message->writer, place));
}

void message_ack(struct message *message, uint32_t exec, uint8_t stream, uint64_t offset)
{
    size_t place = frame_begin(&message->writer, HOST_OUTPUT_ACK, exec);
    write_u8(&message->writer, stream);
    write_u64(&message->writer, offset);
    CHECK(frame_end(&message->writer, place));
}

void message_signal(struct message *message, uint32_t exec, uint8_t number, uint8_t scope)
{
    uint8_t payload[2] = {number, scope};
    message_frame(message, HOST_SIGNAL, exec, payload, sizeof payload);
}

void host_send(struct host *host, const struct message *message)
{
    size_t sent = 0;
    while (sent < message->writer.length) {
        ssize_t written = write(host->fd, message->bytes + sent, message->writer.length - sent);
        CHECK(written > 0);
        sent += (size_t)written;
    }
}

bool host_fill(struct host *host)
{
    if (host->start > 0) {
        memmove(host->bytes, host->bytes + host->start, host->end - host->start);
        host->end -= host->start;
        host->start = 0;
    }
    if (host->end == HOST_BYTES) {
        return true; /* a host that has not taken what it got reads no more */
    }
    ssize_t got = recv(host->fd, host->bytes + host->end, HOST_BYTES - host->end, MSG_DONTWAIT);
    if (got > 0) {
        host->end += (size_t)got;
    }
    return got > 0 || (got < 0 && errno == EAGAIN);
}

static bool find_greeting(struct host *host)
{
    uint8_t greeting[MAGIC_BYTES + NONCE_BYTES];
    memcpy(greeting, MAGIC, MAGIC_BYTES);
    memcpy(greeting + MAGIC_BYTES, host->nonce, NONCE_BYTES);
    uint8_t *found = memmem(host->bytes + host->start, host->end - host->start, greeting, sizeof greeting);
    if (found != NULL) {
        host->start = (size_t)(found - host->bytes) + sizeof greeting;
        host->greeted = true;
    }
    return found != NULL;
}

bool host_next(struct host *host, struct frame *frame)
{
    if (!host->greeted && !find_greeting(host)) {
        return false;
    }
    struct reader reader = reader_of(host->bytes + host->start, host->end - host->start);
    const uint8_t *header = reader.next;
    uint8_t version = read_u8(&reader);
    frame->type = read_u8(&reader);
    uint16_t zero = read_u16(&reader);
    frame->exec = read_u32(&reader);
    frame->length = read_u32(&reader);
    uint32_t crc = read_u32(&reader);
    if (reader.bad) {
        return false;
    }
    CHECK(version == 1 && zero == 0 && frame->type >= AGENT_HELLO_ACK && frame->type <= AGENT_BYE);
    CHECK(frame->length <= FRAME_PAYLOAD_LIMIT);
    frame->payload = read_raw(&reader, frame->length);
    if (reader.bad) {
        return false;
    }
    CHECK(crc == crc32_update(crc32_update(0, header, 12), frame->payload, frame->length));
    host->start += FRAME_HEADER_BYTES + frame->length;
    return true;
}

void host_reset(struct host *host, uint8_t seed)
{
    memset(host->nonce, seed, NONCE_BYTES);
    host->greeted = false;
    host->start = host->end = 0;
}
