/* HELLO, SETUP, the table of execs, and what a host does wrong. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "exec.h"
#include "link.h"
#include "scene.h"
#include "suites.h"

static struct scene scene;
static const char *const argv[] = {"program", NULL};

static void expect_error_about(uint8_t type)
{
    struct frame frame;
    CHECK(scene_expect(&scene, AGENT_PROTOCOL_ERROR, &frame));
    CHECK(frame.length > 5 && frame.payload[0] == type);
}

static void helloIsAnsweredBeforeAnythingIsDone(void)
{
    struct frame frame;
    scene_open(&scene);
    message_hello(scene_new(&scene), scene.host.nonce);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_HELLO_ACK, &frame));
    CHECK(frame.payload[0] == 1 && scene.agent.setup == SETUP_NONE);
    scene_close(&scene);
}

static void aVersionWeDoNotSpeakIsRefused(void)
{
    scene_open(&scene);
    uint8_t payload[4 + NONCE_BYTES] = {2, 0, 9, 0};
    memcpy(payload + 4, scene.host.nonce, NONCE_BYTES);
    message_magic(scene_new(&scene));
    message_frame(&scene.message, HOST_HELLO, 0, payload, sizeof payload);
    scene_say(&scene);
    expect_error_about(HOST_HELLO);
    scene_close(&scene);
}

static void aSecondSetupGetsTheFirstOnesAnswer(void)
{
    struct frame frame;
    scene_open(&scene);
    scene_ready(&scene);
    message_setup(scene_new(&scene), "");
    message_setup(&scene.message, "");
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_SETUP_DONE, &frame) && scene_expect(&scene, AGENT_SETUP_DONE, &frame));
    scene_close(&scene);
}

static void aMalformedSetupChangesNothing(void)
{
    scene_open(&scene);
    message_hello(scene_new(&scene), scene.host.nonce);
    message_frame(&scene.message, HOST_SETUP, 0, "rubbish", 7);
    scene_say(&scene);
    expect_error_about(HOST_SETUP);
    CHECK(scene.agent.setup == SETUP_NONE);
    scene_close(&scene);
}

static void anExecBeforeSetupIsRefused(void)
{
    struct frame frame;
    scene_open(&scene);
    message_hello(scene_new(&scene), scene.host.nonce);
    message_exec(&scene.message, 1, argv, "", 0);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_EXEC_FAILED, &frame) && exec_find(&scene.agent, 1) == NULL);
    scene_close(&scene);
}

static void everyMalformedPayloadIsAnsweredAndIgnored(void)
{
    static const struct {
        uint8_t type;
        uint32_t exec;
        const char *payload;
        size_t length;
    } wrong[] = {
        {HOST_EXEC_START, 1, "abc", 3}, {HOST_EXEC_START, 0, "abcd", 4}, {HOST_STDIN, 1, "abc", 3},
        {HOST_STDIN_EOF, 1, "123456789", 9}, {HOST_OUTPUT_ACK, 1, "\x03""12345678", 9}, {HOST_OUTPUT_ACK, 1, "\x01", 1},
        {HOST_SIGNAL, 1, "\x00\x00", 2}, {HOST_SIGNAL, 1, "\x41\x00", 2}, {HOST_SIGNAL, 1, "\x01\x02", 2},
        {HOST_EXEC_FORGET, 1, "x", 1}, {HOST_PING, 0, "1234567", 7}, {HOST_PING, 9, "12345678", 8},
        {HOST_POWER_OFF, 0, "x", 1}, {HOST_POWER_OFF, 5, "", 0}, {HOST_HELLO, 0, "x", 1},
    };
    scene_open(&scene);
    scene_ready(&scene);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        message_frame(scene_new(&scene), wrong[i].type, wrong[i].exec, wrong[i].payload, wrong[i].length);
        scene_say(&scene);
        expect_error_about(wrong[i].type);
        CHECK(!scene.agent.stopping);
    }
    scene_close(&scene);
}

static void framesAboutUnknownExecsAreIgnored(void)
{
    struct frame frame;
    scene_open(&scene);
    scene_ready(&scene);
    message_ack(scene_new(&scene), 77, 1, 5);
    message_signal(&scene.message, 77, 15, 1);
    message_offset(&scene.message, HOST_STDIN, 77, 0, "x", 1);
    message_frame(&scene.message, HOST_EXEC_FORGET, 77, "", 0);
    scene_say(&scene);
    CHECK(!scene_expect(&scene, AGENT_PROTOCOL_ERROR, &frame));
    scene_close(&scene);
}

static void the33rdExecIsRefusedAndAPlaceIsFreeAgainAfterForget(void)
{
    struct frame frame;
    scene_open(&scene);
    scene_ready(&scene);
    for (uint32_t id = 1; id <= EXEC_LIMIT; id++) {
        scene_start(&scene, id, 0);
    }
    message_exec(scene_new(&scene), 33, argv, "", 0);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_EXEC_FAILED, &frame) && memcmp(frame.payload + 4, "limit", 5) == 0);
    scene_end(&scene, exec_find(&scene.agent, 5), 0, true);
    CHECK(scene_expect(&scene, AGENT_EXEC_EXIT, &frame));
    message_frame(scene_new(&scene), HOST_EXEC_FORGET, 5, "", 0);
    scene_say(&scene);
    scene_start(&scene, 33, 0);
    scene_close(&scene);
}

static void aStartOfAKnownExecOnlyRepeatsTheAnswer(void)
{
    struct frame frame;
    scene_open(&scene);
    scene_ready(&scene);
    struct exec *exec = scene_start(&scene, 1, 0);
    message_exec(scene_new(&scene), 1, argv, "", 0);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_EXEC_STARTED, &frame) && exec->state == EXEC_RUNNING);
    CHECK(!scene_expect(&scene, AGENT_EXEC_STARTED, &frame));
    scene_close(&scene);
}

static void aSpecificationOfAnotherLengthOrAboveTheLimitIsRefused(void)
{
    static uint8_t piece[FRAME_PAYLOAD_LIMIT];
    struct frame frame;
    scene_open(&scene);
    scene_ready(&scene);
    message_frame(scene_new(&scene), HOST_EXEC_SPEC, 1, piece, 100);
    message_frame(&scene.message, HOST_EXEC_START, 1, "\x63\0\0\0", 4);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_EXEC_FAILED, &frame));
    message_begin(&scene.message);
    for (int i = 0; i < SPEC_LIMIT / FRAME_PAYLOAD_LIMIT + 1; i++) {
        message_frame(scene_new(&scene), HOST_EXEC_SPEC, 2, piece, sizeof piece);
        scene_say(&scene);
    }
    CHECK(exec_find(&scene.agent, 2)->specification_length == SPEC_LIMIT + 1); /* the mark of too much */
    message_frame(scene_new(&scene), HOST_EXEC_START, 2, "\0\0\x11\0", 4);
    scene_say(&scene);
    CHECK(scene_expect(&scene, AGENT_EXEC_FAILED, &frame) && exec_find(&scene.agent, 2) == NULL);
    scene_close(&scene);
}

static void aRunningExecIsNotForgotten(void)
{
    scene_open(&scene);
    scene_ready(&scene);
    struct exec *exec = scene_start(&scene, 1, 0);
    message_frame(scene_new(&scene), HOST_EXEC_FORGET, 1, "", 0);
    scene_say(&scene);
    expect_error_about(HOST_EXEC_FORGET);
    CHECK(exec->state == EXEC_RUNNING);
    scene_close(&scene);
}

static void aSignalReachesWhatItNames(void)
{
    scene_open(&scene);
    scene_ready(&scene);
    scene_start(&scene, 1, 0);
    message_signal(scene_new(&scene), 1, 15, 1);
    scene_say(&scene);
    CHECK(scene.last_signal == 15 && scene.last_everything);
    scene_close(&scene);
}

static void aHostThatPingsWithoutReadingIsHeldBack(void)
{
    struct frame frame;
    scene_open(&scene);
    scene_ready(&scene);
    struct link *link = &scene.agent.link;
    uint64_t sent = 0;
    for (bool blocked = false; !blocked;) {
        message_begin(&scene.message);
        for (int i = 0; i < 4000; i++) {
            message_frame(&scene.message, HOST_PING, 0, "12345678", 8);
        }
        loop_turn(&scene.agent, 0);
        (void)link_pump(&scene.agent);
        blocked = link_room(link) < OUTGOING_ANSWER_ROOM + 1000 && sent > 0;
        if (!blocked) {
            host_send(&scene.host, &scene.message);
            sent += 4000;
        }
        CHECK(sent < 1000000);
    }
    uint64_t answered = 0;
    for (int i = 0; i < 10000 && answered < sent; i++) {
        scene_settle(&scene);
        while (scene_expect(&scene, AGENT_PONG, &frame)) {
            answered++;
        }
    }
    CHECK(answered == sent);
    scene_close(&scene);
}

static void helloDropsWhatWasQueued(void)
{
    struct frame frame;
    scene_open(&scene);
    scene_ready(&scene);
    message_frame(scene_new(&scene), HOST_PING, 0, "12345678", 8);
    host_reset(&scene.host, 9);
    message_hello(&scene.message, scene.host.nonce);
    scene_say(&scene);
    CHECK(host_next(&scene.host, &frame) && frame.type == AGENT_HELLO_ACK);
    scene_close(&scene);
}

static void aHelloThatOvertakesTheNewsOfItsHostIsAnswered(void)
{
    struct frame frame;
    scene_open(&scene);
    struct link *link = &scene.agent.link;
    link->kind = LINK_PORT;
    link->writable = false; /* as a port is whose host is not known yet */
    message_hello(scene_new(&scene), scene.host.nonce);
    host_send(&scene.host, &scene.message);
    CHECK(shutdown(scene.host.fd, SHUT_WR) == 0); /* and its reads say that nobody is there */
    (void)link_pump(&scene.agent);
    CHECK(!link->readable && link_queued(link) > 0);
    link->writable = true;
    (void)link_pump(&scene.agent);
    CHECK(host_fill(&scene.host) && scene_expect(&scene, AGENT_HELLO_ACK, &frame));
    scene_close(&scene);
}

static void afterAHostIsGoneNothingOfItsConversationIsLeft(void)
{
    scene_open(&scene);
    scene_ready(&scene);
    struct link *link = &scene.agent.link;
    link->kind = LINK_PORT;
    link->readable = true;
    link->writable = false;
    message_frame(scene_new(&scene), HOST_PING, 0, "12345678", 8);
    host_send(&scene.host, &scene.message);
    CHECK(shutdown(scene.host.fd, SHUT_WR) == 0);
    (void)link_pump(&scene.agent);
    CHECK(link_queued(link) == 0 && !link->greeted);
    scene_close(&scene);
}

static void aGuestWithoutAHostPowersOffWhenItsTimeIsOver(void)
{
    scene_open(&scene);
    scene_ready(&scene);
    scene.agent.orphan_after = 10 * SECOND;
    scene_settle(&scene);
    CHECK(!scene.agent.stopping);
    scene.agent.link.heard_at -= 11 * SECOND;
    scene_settle(&scene);
    CHECK(scene.agent.stopping);
    scene_close(&scene);
}

void test_conversation(void)
{
    static const struct test tests[] = {
        TEST(helloIsAnsweredBeforeAnythingIsDone),
        TEST(aVersionWeDoNotSpeakIsRefused),
        TEST(aSecondSetupGetsTheFirstOnesAnswer),
        TEST(aMalformedSetupChangesNothing),
        TEST(anExecBeforeSetupIsRefused),
        TEST(everyMalformedPayloadIsAnsweredAndIgnored),
        TEST(framesAboutUnknownExecsAreIgnored),
        TEST(the33rdExecIsRefusedAndAPlaceIsFreeAgainAfterForget),
        TEST(aStartOfAKnownExecOnlyRepeatsTheAnswer),
        TEST(aSpecificationOfAnotherLengthOrAboveTheLimitIsRefused),
        TEST(aRunningExecIsNotForgotten),
        TEST(aSignalReachesWhatItNames),
        TEST(aHostThatPingsWithoutReadingIsHeldBack),
        TEST(helloDropsWhatWasQueued),
        TEST(aHelloThatOvertakesTheNewsOfItsHostIsAnswered),
        TEST(afterAHostIsGoneNothingOfItsConversationIsLeft),
        TEST(aGuestWithoutAHostPowersOffWhenItsTimeIsOver),
    };
    run_tests("conversation", tests, sizeof tests / sizeof *tests);
}
