/* Output windows, stdin credit, the end of an exec. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "exec.h"
#include "link.h"
#include "scene.h"
#include "suites.h"

static struct scene scene;
static uint8_t pattern[2 * OUTPUT_WINDOW];

static struct exec *begin(uint8_t flags)
{
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (uint8_t)(i ^ (i >> 8) * 31);
    }
    scene_open(&scene);
    scene_ready(&scene);
    return scene_start(&scene, 1, flags);
}

/* Takes all OUTPUT of a stream, which has to begin at this offset and to be the pattern; where it ends. */
static uint64_t take_output(uint8_t stream, uint64_t offset)
{
    struct frame frame;
    for (int i = 0; i < 20; i++) {
        while (scene_expect(&scene, AGENT_OUTPUT, &frame)) {
            struct reader reader = reader_of(frame.payload, frame.length);
            CHECK(read_u8(&reader) == stream && read_u64(&reader) == offset);
            CHECK(reader.left >= 1 && reader.left <= OUTPUT_FRAME_LIMIT);
            CHECK(memcmp(reader.next, pattern + offset, reader.left) == 0);
            offset += reader.left;
        }
        scene_settle(&scene);
    }
    return offset;
}

static void acknowledge(uint8_t stream, uint64_t offset)
{
    message_ack(scene_new(&scene), 1, stream, offset);
    scene_say(&scene);
}

static void outputStopsAtAFullWindowAndGoesOnWhenAcknowledged(void)
{
    struct exec *exec = begin(0);
    int fd = scene.child[0][1];
    size_t written = 0;
    for (int i = 0; i < 2000 && written < sizeof pattern; i++) {
        ssize_t step = write(fd, pattern + written, sizeof pattern - written);
        written += step > 0 ? (size_t)step : 0;
        loop_turn(&scene.agent, 0);
    }
    CHECK(exec->output[0].ring.end == OUTPUT_WINDOW && written < sizeof pattern);
    CHECK(take_output(1, 0) == OUTPUT_WINDOW);
    acknowledge(1, 100000);
    CHECK(take_output(1, OUTPUT_WINDOW) > OUTPUT_WINDOW);
    CHECK(exec->output[0].ring.begin == 100000);
    scene_close(&scene);
}

static void afterHelloOutputComesAgainFromWhereItWasAcknowledged(void)
{
    struct frame frame;
    struct exec *exec = begin(0);
    scene_print(&scene, exec, 0, pattern, 100000);
    CHECK(take_output(1, 0) == 100000);
    acknowledge(1, 12345);
    host_reset(&scene.host, 2);
    message_hello(scene_new(&scene), scene.host.nonce);
    scene_say(&scene);
    CHECK(host_next(&scene.host, &frame) && frame.type == AGENT_HELLO_ACK);
    CHECK(host_next(&scene.host, &frame) && frame.type == AGENT_EXEC_STARTED);
    CHECK(take_output(1, 12345) == 100000);
    scene_close(&scene);
}

static void anAcknowledgementOfWhatWasNeverMadeIsRefused(void)
{
    struct frame frame;
    struct exec *exec = begin(0);
    scene_print(&scene, exec, 0, pattern, 10);
    message_ack(scene_new(&scene), 1, 1, 11);
    message_ack(&scene.message, 1, 2, UINT64_MAX);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_PROTOCOL_ERROR, &frame) && scene_expect(&scene, AGENT_PROTOCOL_ERROR, &frame));
    CHECK(exec->output[0].ring.begin == 0 && exec->output[1].ring.begin == 0);
    scene_close(&scene);
}

static void anOldAcknowledgementChangesNothing(void)
{
    struct exec *exec = begin(0);
    scene_print(&scene, exec, 0, pattern, 1000);
    acknowledge(1, 900);
    acknowledge(1, 5);
    CHECK(exec->output[0].ring.begin == 900);
    scene_close(&scene);
}

static void theExitComesAfterTheLastByteAndIsRepeatedUntilForgotten(void)
{
    struct frame frame;
    struct exec *exec = begin(0);
    scene_print(&scene, exec, 1, pattern, 70000);
    scene_end(&scene, exec, 3 << 8, true);
    CHECK(take_output(2, 0) == 70000);
    for (uint8_t round = 3; round < 6; round++) {
        host_reset(&scene.host, round);
        message_hello(scene_new(&scene), scene.host.nonce);
        scene_say(&scene);
        uint64_t seen = 0;
        do {
            CHECK(host_next(&scene.host, &frame));
            seen += frame.type == AGENT_OUTPUT ? frame.length - 9 : 0;
        } while (frame.type != AGENT_EXEC_EXIT);
        CHECK(seen == 70000 && frame.payload[0] == 0 && frame.payload[1] == 3 && frame.payload[2] == 0);
    }
    message_frame(scene_new(&scene), HOST_EXEC_FORGET, 1, "", 0);
    scene_say(&scene);
    CHECK(exec_find(&scene.agent, 1) == NULL);
    scene_close(&scene);
}

static void outputThatIsHeldOpenIsGivenUpAfterItsTime(void)
{
    struct frame frame;
    struct exec *exec = begin(0);
    scene_print(&scene, exec, 0, pattern, 500);
    scene_end(&scene, exec, 9, false);
    CHECK(exec->state == EXEC_DRAINING && !scene_expect(&scene, AGENT_EXEC_EXIT, &frame));
    exec->deadline = monotonic_now();
    scene_settle(&scene);
    CHECK(scene.last_signal == SIGKILL && scene.last_everything);
    CHECK(scene_expect(&scene, AGENT_EXEC_EXIT, &frame));
    CHECK(frame.payload[0] == 1 && frame.payload[1] == 9 && frame.payload[2] == EXIT_OUTPUT_GIVEN_UP);
    scene_close(&scene);
}

static void aSlowHostLosesNothingAtTheEnd(void)
{
    struct exec *exec = begin(0);
    int fd = scene.child[0][1];
    size_t written = 0;
    for (int i = 0; i < 2000; i++) {
        ssize_t step = write(fd, pattern + written, sizeof pattern - written);
        written += step > 0 ? (size_t)step : 0;
        loop_turn(&scene.agent, 0);
    }
    CHECK(written > OUTPUT_WINDOW);
    scene_end(&scene, exec, 0, true);
    exec->deadline = monotonic_now();
    scene_settle(&scene);
    CHECK(exec->state == EXEC_DRAINING && !exec->output_given_up);
    uint64_t offset = take_output(1, 0);
    acknowledge(1, offset);
    CHECK(take_output(1, offset) == written && exec->state == EXEC_ENDED && !exec->output_given_up);
    scene_close(&scene);
}

static void stdinIsPassedOnAndAcknowledged(void)
{
    struct frame frame;
    struct exec *exec = begin(1);
    uint8_t got[100];
    message_offset(scene_new(&scene), HOST_STDIN, 1, 0, pattern, 60);
    message_offset(&scene.message, HOST_STDIN, 1, 40, pattern + 40, 60);
    message_offset(&scene.message, HOST_STDIN_EOF, 1, 100, "", 0);
    scene_say(&scene);
    CHECK(read(scene.child[0][0], got, sizeof got) == 100 && memcmp(got, pattern, 100) == 0);
    CHECK(read(scene.child[0][0], got, sizeof got) == 0);
    uint64_t acknowledged = 0, limit = 0;
    while (scene_expect(&scene, AGENT_STDIN_ACK, &frame)) {
        struct reader reader = reader_of(frame.payload, frame.length);
        acknowledged = read_u64(&reader);
        limit = read_u64(&reader);
    }
    CHECK(acknowledged == 100 && limit == 100 + STDIN_WINDOW && exec->input.fd < 0);
    scene_close(&scene);
}

static void stdinBeyondItsLimitOrWithAGapIsRefused(void)
{
    struct frame frame;
    struct exec *exec = begin(1);
    for (int i = 0; i < 8; i++) {
        message_offset(scene_new(&scene), HOST_STDIN, 1, (uint64_t)i * 32768, pattern, 32768);
        scene_say(&scene);
    }
    CHECK(scene_expect(&scene, AGENT_PROTOCOL_ERROR, &frame));
    CHECK(exec->input.ring.end <= 65536 + STDIN_WINDOW + 32768);
    message_offset(scene_new(&scene), HOST_STDIN, 1, exec->input.ring.end + 1, "x", 1);
    message_offset(&scene.message, HOST_STDIN_EOF, 1, exec->input.ring.end + 1, "", 0);
    message_offset(&scene.message, HOST_STDIN, 1, exec->input.ring.end, pattern, STDIN_FRAME_LIMIT + 1);
    scene_say(&scene);
    for (int i = 0; i < 3; i++) {
        CHECK(scene_expect(&scene, AGENT_PROTOCOL_ERROR, &frame));
    }
    scene_close(&scene);
}

static void aProcessThatClosesItsStdinDoesNotHoldTheHostUp(void)
{
    struct frame frame;
    begin(1);
    close(scene.child[0][0]);
    scene.child[0][0] = -1;
    uint64_t acknowledged = 0;
    for (uint64_t i = 0; i < 10; i++) {
        message_offset(scene_new(&scene), HOST_STDIN, 1, i * 30000, pattern, 30000);
        scene_say(&scene);
        while (scene_expect(&scene, AGENT_STDIN_ACK, &frame)) {
            struct reader reader = reader_of(frame.payload, frame.length);
            acknowledged = read_u64(&reader);
        }
    }
    CHECK(acknowledged == 300000);
    scene_close(&scene);
}

static void stdinOfAnExecWithoutOneIsRefused(void)
{
    struct frame frame;
    begin(0);
    message_offset(scene_new(&scene), HOST_STDIN, 1, 0, "x", 1);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_PROTOCOL_ERROR, &frame));
    scene_close(&scene);
}

void test_streams(void)
{
    static const struct test tests[] = {
        TEST(outputStopsAtAFullWindowAndGoesOnWhenAcknowledged),
        TEST(afterHelloOutputComesAgainFromWhereItWasAcknowledged),
        TEST(anAcknowledgementOfWhatWasNeverMadeIsRefused),
        TEST(anOldAcknowledgementChangesNothing),
        TEST(theExitComesAfterTheLastByteAndIsRepeatedUntilForgotten),
        TEST(outputThatIsHeldOpenIsGivenUpAfterItsTime),
        TEST(aSlowHostLosesNothingAtTheEnd),
        TEST(stdinIsPassedOnAndAcknowledged),
        TEST(stdinBeyondItsLimitOrWithAGapIsRefused),
        TEST(aProcessThatClosesItsStdinDoesNotHoldTheHostUp),
        TEST(stdinOfAnExecWithoutOneIsRefused),
    };
    run_tests("streams", tests, sizeof tests / sizeof *tests);
}
