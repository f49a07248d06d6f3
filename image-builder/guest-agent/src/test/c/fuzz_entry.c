/*
 * One conversation with whatever a host might send. The first byte says how: bit 0, whether the CRCs are made right again
 * (else nearly nothing would pass the decoder); the others, in how large pieces the bytes come.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "crc32.h"
#include "fuzz.h"
#include "link.h"
#include "scene.h"

static struct scene scene;

static uint32_t load(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Walks the frames behind each magic and seals them. */
static void seal(uint8_t *bytes, size_t length)
{
    size_t at = 0;
    while (at + MAGIC_BYTES <= length) {
        if (memcmp(bytes + at, MAGIC, MAGIC_BYTES) == 0) {
            at += MAGIC_BYTES;
            continue;
        }
        size_t payload = at + FRAME_HEADER_BYTES <= length ? load(bytes + at + 8) : 0;
        bool framed = bytes[at] == PROTOCOL_VERSION && at + FRAME_HEADER_BYTES <= length && payload <= FRAME_PAYLOAD_LIMIT
            && at + FRAME_HEADER_BYTES + payload <= length;
        if (!framed) {
            at++;
            continue;
        }
        uint32_t crc = crc32_update(0, bytes + at, 12);
        crc = crc32_update(crc, bytes + at + FRAME_HEADER_BYTES, payload);
        for (int i = 0; i < 4; i++) {
            bytes[at + 12 + (size_t)i] = (uint8_t)(crc >> (8 * i));
        }
        at += FRAME_HEADER_BYTES + payload;
    }
}

/* The children do a little of everything, as their place says. */
static void let_children_act(uint8_t seed)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        struct exec *exec = &scene.agent.execs[i];
        if (exec->state == EXEC_STARTING && scene.child[i][3] >= 0) {
            close(scene.child[i][3]);
            scene.child[i][3] = -1;
        } else if (exec->state == EXEC_RUNNING && !exec->child_ended) {
            char text[3000] = "output";
            ssize_t written = write(scene.child[i][1 + (i & 1)], text, sizeof text);
            (void)written;
            if (((seed + i) & 3) == 0) {
                scene_end(&scene, exec, seed, (seed & 4) == 0);
            }
        }
    }
}

/* What holds whatever a host sends; memory errors are the sanitizers' part. */
static void check_invariants(void)
{
    for (unsigned i = 0; i < EXEC_LIMIT; i++) {
        const struct exec *exec = &scene.agent.execs[i];
        for (int k = 0; k < 2; k++) {
            const struct output *output = &exec->output[k];
            CHECK(output->ring.begin <= output->sent && output->sent <= output->ring.end);
            CHECK(output->ring.end - output->ring.begin <= OUTPUT_WINDOW);
        }
        CHECK(exec->input.ring.begin <= exec->input.ring.end);
        CHECK(exec->input.ring.end - exec->input.ring.begin <= STDIN_WINDOW);
        CHECK(exec->input.acknowledged <= exec->input.ring.begin);
        CHECK(exec->state == EXEC_FREE || exec->id != 0);
    }
    CHECK(link_queued(&scene.agent.link) <= OUTGOING_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > FUZZ_INPUT_LIMIT) {
        return 0;
    }
    crc32_prepare();
    (void)signal(SIGPIPE, SIG_IGN);
    uint8_t *bytes = malloc(size);
    memcpy(bytes, data, size);
    if ((bytes[0] & 1) != 0) {
        seal(bytes + 1, size - 1);
    }
    scene_open(&scene);
    size_t at = 1, piece = bytes[0] < 2 ? size : (size_t)bytes[0] * bytes[0];
    while (at < size && !scene.agent.stopping) {
        size_t step = size - at < piece ? size - at : piece;
        step = step < FRAME_LIMIT ? step : FRAME_LIMIT;
        ssize_t written = write(scene.host.fd, bytes + at, step);
        if (written <= 0) {
            break;
        }
        at += (size_t)written;
        for (int i = 0; i < 3 && !scene.agent.stopping; i++) {
            loop_turn(&scene.agent, 0);
            (void)link_pump(&scene.agent);
        }
        check_invariants();
        (void)host_fill(&scene.host);
        host_reset(&scene.host, 1);
        let_children_act((uint8_t)at);
    }
    scene_close(&scene);
    free(bytes);
    return 0;
}
