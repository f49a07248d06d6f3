/* Writes the corpus: conversations that reach every frame the agent knows. usage: corpus DIRECTORY */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "crc32.h"
#include "host.h"

static struct message message;
static const uint8_t nonce[NONCE_BYTES] = {1};
static const char *directory;
static const uint8_t zeros[STDIN_FRAME_LIMIT];

static void begin(void)
{
    message_begin(&message);
    message_hello(&message, nonce);
    message_setup(&message, "");
}

static void exec(uint32_t id, uint8_t flags)
{
    static const char *const argv[] = {"sh", "-c", "echo hello", NULL};
    message_exec(&message, id, argv, "", flags);
}

static void save(const char *name, uint8_t mode)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(&mode, 1, 1, file) == 1);
    CHECK(fwrite(message.bytes, 1, message.writer.length, file) == message.writer.length && fclose(file) == 0);
}

static void conversations_about_execs(void)
{
    static const uint8_t text[3000] = "input";
    begin();
    exec(1, 0);
    message_frame(&message, HOST_PING, 0, "12345678", 8);
    message_ack(&message, 1, 1, 3);
    message_ack(&message, 1, 2, 1000);
    message_frame(&message, HOST_EXEC_FORGET, 1, "", 0);
    save("exec", 31);
    begin();
    exec(1, 1);
    message_offset(&message, HOST_STDIN, 1, 0, text, sizeof text);
    message_offset(&message, HOST_STDIN, 1, 1000, text, sizeof text);
    message_offset(&message, HOST_STDIN_EOF, 1, 4000, "", 0);
    save("stdin", 15);
    begin();
    exec(1, 1);
    message_offset(&message, HOST_STDIN, 1, 0, zeros, 30);
    message_offset(&message, HOST_STDIN, 1, 0, zeros, 30);
    for (uint64_t i = 0; i < 6; i++) {
        message_offset(&message, HOST_STDIN, 1, 30 + i * STDIN_FRAME_LIMIT, zeros, STDIN_FRAME_LIMIT);
    }
    save("stdin-beyond", 31);
    begin();
    for (uint32_t id = 1; id < 36; id++) {
        exec(id, (uint8_t)(id & 3));
        message_signal(&message, id, (uint8_t)(id + 1), id & 1);
    }
    save("many-execs", 99);
    begin();
    exec(7, 2);
    message_hello(&message, nonce);
    message_ack(&message, 7, 1, 500);
    message_hello(&message, nonce);
    message_frame(&message, HOST_EXEC_FORGET, 7, "", 0);
    save("reconnect", 9);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    directory = argv[1];
    crc32_prepare();
    message_begin(&message);
    message_hello(&message, nonce);
    save("hello", 0);
    begin();
    save("setup", 3);
    message_begin(&message);
    message_hello(&message, nonce);
    message_setup(&message, "root");
    save("setup-with-disk", 5);
    conversations_about_execs();
    begin();
    exec(1, 0);
    message.writer.length -= 10;
    write_raw(&message.writer, zeros, 20000);
    message_hello(&message, nonce);
    save("cut-frame", 100);
    begin();
    message_frame(&message, HOST_PING, 0, "12345678", 8);
    message.bytes[message.writer.length - 1] ^= 1;
    message_frame(&message, HOST_PING, 0, "12345678", 8);
    save("wrong-crc", 2);
    begin();
    exec(1, 0);
    message_frame(&message, HOST_POWER_OFF, 0, "", 0);
    save("power-off", 7);
    begin();
    message_frame(&message, HOST_EXEC_SPEC, 1, zeros, 20000);
    message_frame(&message, HOST_EXEC_SPEC, 1, zeros, 20000);
    message_frame(&message, HOST_EXEC_START, 1, "\x40\x9c\0\0", 4);
    save("bad-specification", 201);
    return 0;
}
