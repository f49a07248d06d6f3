/* The payloads of EXEC_SPEC and SETUP: what is good, and every way to be wrong. */
#include <string.h>

#include "check.h"
#include "host.h"
#include "setup.h"
#include "specification.h"
#include "suites.h"

static struct specification specification;
static uint8_t bytes[65536];
static struct writer writer;

/* What a good specification has, to be changed by one test at a time. */
struct draft {
    uint32_t arguments, variables;
    const char *argument, *variable, *directory, *user;
    uint8_t flags;
    uint32_t umask;
    size_t extra;
};

static const struct draft good = {2, 1, "program", "A=1", "/work", "root", 3, 022, 0};

static void build(struct draft draft)
{
    writer = writer_into(bytes, sizeof bytes);
    write_u32(&writer, draft.arguments);
    for (uint32_t i = 0; i < draft.arguments && i < 8; i++) {
        write_string(&writer, draft.argument, 255);
    }
    write_u32(&writer, draft.variables);
    for (uint32_t i = 0; i < draft.variables && i < 8; i++) {
        write_string(&writer, draft.variable, 255);
    }
    write_string(&writer, draft.directory, 255);
    write_string(&writer, draft.user, 255);
    write_u8(&writer, draft.flags);
    write_u32(&writer, draft.umask);
    for (size_t i = 0; i < draft.extra; i++) {
        write_u8(&writer, 0);
    }
}

static const char *parse(struct draft draft)
{
    build(draft);
    return specification_parse(&specification, bytes, writer.length);
}

static void aGoodSpecificationIsTakenApart(void)
{
    CHECK(parse(good) == NULL);
    CHECK(strcmp(specification.argv[0], "program") == 0 && strcmp(specification.argv[1], "program") == 0);
    CHECK(specification.argv[2] == NULL && specification.environment[1] == NULL);
    CHECK(strcmp(specification.directory, "/work") == 0 && strcmp(specification.user, "root") == 0);
    CHECK(specification.stdin_open && specification.make_directory && specification.umask == 022);
    CHECK(strcmp(environment_get(&specification, "A"), "1") == 0);
    CHECK(environment_get(&specification, "AB") == NULL);
}

static void everyWrongFieldOfASpecificationIsRefused(void)
{
    struct draft drafts[] = {good, good, good, good, good, good, good, good, good, good};
    drafts[0].arguments = 0;
    drafts[1].arguments = ARGUMENT_LIMIT + 1;
    drafts[2].argument = "";
    drafts[3].variable = "novalue";
    drafts[4].variable = "=x";
    drafts[5].directory = "relative";
    drafts[6].flags = 16;
    drafts[7].umask = 01000;
    drafts[8].extra = 1;
    drafts[9].argument = "\xFF";
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++) {
        CHECK(parse(drafts[i]) != NULL);
    }
}

static void aTransferHasOneAbsolutePathAndStdinAsItNeeds(void)
{
    struct draft draft = good;
    CHECK(specification.kind == KIND_COMMAND);
    draft.arguments = 1;
    draft.argument = "/some/path";
    draft.flags = 1 | 4;
    CHECK(parse(draft) == NULL && specification.kind == KIND_UNPACK && specification.stdin_open);
    draft.flags = 2 | 8;
    CHECK(parse(draft) == NULL && specification.kind == KIND_PACK && specification.make_directory);
    static const uint8_t wrong[] = {4, 1 | 8, 1 | 4 | 8, 4 | 8};
    for (size_t i = 0; i < sizeof wrong; i++) {
        draft.flags = wrong[i];
        CHECK(parse(draft) != NULL);
    }
    draft.flags = 8;
    draft.argument = "relative";
    CHECK(parse(draft) != NULL);
    draft.argument = "/two";
    draft.arguments = 2;
    CHECK(parse(draft) != NULL);
}

static void aSpecificationCutAnywhereIsRefused(void)
{
    CHECK(parse(good) == NULL);
    size_t whole = writer.length;
    for (size_t cut = 0; cut < whole; cut++) {
        build(good); /* anew: parsing changes the bytes */
        uint8_t *copy = malloc(cut + 1); /* of this size, so that the sanitizer sees a step beyond */
        memcpy(copy, bytes, cut);
        CHECK(specification_parse(&specification, copy, cut) != NULL);
        free(copy);
    }
}

static struct setup setup;
static struct message message;

static const char *parse_setup(size_t length)
{
    return setup_parse(&setup, message.bytes + FRAME_HEADER_BYTES, length);
}

static void aGoodSetupIsTakenApart(void)
{
    message_begin(&message);
    message_setup(&message, "root");
    CHECK(parse_setup(message.writer.length - FRAME_HEADER_BYTES) == NULL);
    CHECK(setup.wall_clock == UINT64_C(1700000000) * 1000000000);
    CHECK(setup.entropy_length == ENTROPY_MIN && setup.entropy[1] == 2);
    CHECK(strcmp(setup.hostname, "guest-1") == 0 && strcmp(setup.root_serial, "root") == 0);
    CHECK(setup.network_mode == 1 && setup.prefix_length == 24 && strcmp(setup.gateway, "10.0.2.2") == 0);
    CHECK(setup.name_server_count == 1 && strcmp(setup.name_servers[0], "10.0.2.3") == 0);
}

static void aSetupCutAnywhereIsRefused(void)
{
    message_begin(&message);
    message_setup(&message, "root");
    for (size_t length = 0; length < message.writer.length - FRAME_HEADER_BYTES; length++) {
        CHECK(parse_setup(length) != NULL);
    }
    write_u8(&message.writer, 0);
    CHECK(parse_setup(message.writer.length - FRAME_HEADER_BYTES) != NULL);
}

/* Replaces a text of the same length in a good SETUP. */
static const char *parse_with(const char *before, const char *after)
{
    message_begin(&message);
    message_setup(&message, "root");
    uint8_t *found = memmem(message.bytes, message.writer.length, before, strlen(before));
    CHECK(found != NULL && strlen(before) == strlen(after));
    memcpy(found, after, strlen(after));
    return parse_setup(message.writer.length - FRAME_HEADER_BYTES);
}

static void everyWrongFieldOfASetupIsRefused(void)
{
    CHECK(parse_with("guest-1", "guest-2") == NULL);
    CHECK(parse_with("guest-1", "guest 1") != NULL);
    CHECK(parse_with("guest-1", "gu\nst-1") != NULL);
    CHECK(parse_with("0123456789abcdef0", "0123456789ABCDEF0") != NULL);
    CHECK(parse_with("erofs", "btrfs") != NULL);
    CHECK(parse_with("10.0.2.15", "10.0.2.1x") != NULL);
    CHECK(parse_with("10.0.2.2", "10.0.2,2") != NULL);
    CHECK(parse_with("10.0.2.3", "\n.0.2.33") != NULL);
}

void test_payloads(void)
{
    static const struct test tests[] = {
        TEST(aGoodSpecificationIsTakenApart),
        TEST(everyWrongFieldOfASpecificationIsRefused),
        TEST(aTransferHasOneAbsolutePathAndStdinAsItNeeds),
        TEST(aSpecificationCutAnywhereIsRefused),
        TEST(aGoodSetupIsTakenApart),
        TEST(aSetupCutAnywhereIsRefused),
        TEST(everyWrongFieldOfASetupIsRefused),
    };
    run_tests("payloads", tests, sizeof tests / sizeof *tests);
}
