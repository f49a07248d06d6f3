/* crc32, wire, frame, ring. */
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "crc32.h"
#include "host.h"
#include "ring.h"
#include "suites.h"

static struct decoder decoder;
static struct message message;
static const uint8_t nonce[NONCE_BYTES] = {7};

static void theCrcIsThatOfZlib(void)
{
    CHECK(crc32_update(0, "123456789", 9) == 0xCBF43926u);
    CHECK(crc32_update(0, "", 0) == 0);
}

static void theCrcInPiecesIsTheCrcOfTheWhole(void)
{
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    uint32_t whole = crc32_update(0, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        CHECK(crc32_update(crc32_update(0, bytes, cut), bytes + cut, sizeof bytes - cut) == whole);
    }
}

static void readingPastTheEndGivesZeroAndStaysBad(void)
{
    uint8_t bytes[] = {1, 2, 3};
    struct reader reader = reader_of(bytes, sizeof bytes);
    CHECK(read_u16(&reader) == 0x0201);
    CHECK(read_u32(&reader) == 0 && reader.bad);
    CHECK(read_u8(&reader) == 0 && !reader_finished(&reader));
}

static void aStringThatIsLongerThanItsPayloadIsBad(void)
{
    uint8_t bytes[] = {255, 255, 255, 255, 'a'};
    char text[16];
    struct reader reader = reader_of(bytes, sizeof bytes);
    read_string(&reader, text, sizeof text);
    CHECK(reader.bad && text[0] == '\0');
}

static void onlyUtf8WithoutNulIsText(void)
{
    CHECK(is_text((const uint8_t *)"gr\xC3\xBC\xC3\x9F", 6));
    CHECK(is_text((const uint8_t *)"\xF0\x9F\xA6\x9F", 4));
    CHECK(!is_text((const uint8_t *)"a\0b", 3));
    CHECK(!is_text((const uint8_t *)"\xC0\x80", 2));
    CHECK(!is_text((const uint8_t *)"\xED\xA0\x80", 3));
    CHECK(!is_text((const uint8_t *)"\xF4\x90\x80\x80", 4));
    CHECK(!is_text((const uint8_t *)"\xE2\x82", 2));
    CHECK(!is_text((const uint8_t *)"\x80", 1));
}

static void aMessageIsCutBetweenCharacters(void)
{
    uint8_t bytes[16];
    struct writer writer = writer_into(bytes, sizeof bytes);
    write_string(&writer, "ab\xC3\xBC", 3);
    CHECK(writer.length == 6 && bytes[0] == 2 && bytes[5] == 'b');
}

static void feed(const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t room;
        uint8_t *space = decoder_space(&decoder, &room);
        size_t step = length < room ? length : room;
        CHECK(step > 0);
        memcpy(space, bytes, step);
        decoder_added(&decoder, step);
        bytes += step;
        length -= step;
    }
}

static void feed_message(void)
{
    feed(message.bytes, message.writer.length);
    message_begin(&message);
}

static void begin(void)
{
    decoder_reset(&decoder);
    message_begin(&message);
}

static void greet(void)
{
    struct frame frame;
    begin();
    message_hello(&message, nonce);
    feed_message();
    CHECK(decoder_next(&decoder, &frame) && frame.type == HOST_HELLO);
}

static void framesAreFoundByteByByte(void)
{
    struct frame frame;
    begin();
    message_hello(&message, nonce);
    message_frame(&message, HOST_PING, 0, "12345678", 8);
    unsigned found = 0;
    for (size_t i = 0; i < message.writer.length; i++) {
        feed(message.bytes + i, 1);
        while (decoder_next(&decoder, &frame)) {
            CHECK(frame.type == (found == 0 ? HOST_HELLO : HOST_PING));
            found++;
        }
    }
    CHECK(found == 2);
}

static void junkBeforeTheMagicIsSkipped(void)
{
    struct frame frame;
    begin();
    feed((const uint8_t *)"MAYFLY1MAYMAYFLY0\n\x01\x02MMM", 24);
    CHECK(!decoder_next(&decoder, &frame));
    message_hello(&message, nonce);
    feed_message();
    CHECK(decoder_next(&decoder, &frame) && frame.type == HOST_HELLO && frame.length == 20);
}

static void aFrameBeforeHelloIsNotTaken(void)
{
    struct frame frame;
    begin();
    message_magic(&message);
    message_frame(&message, HOST_POWER_OFF, 0, "", 0);
    message_frame(&message, HOST_PING, 0, "12345678", 8);
    message_hello(&message, nonce);
    feed_message();
    CHECK(decoder_next(&decoder, &frame) && frame.type == HOST_HELLO);
    CHECK(!decoder_next(&decoder, &frame));
}

static void zerosCompleteAFrameThatWasCutShortWhereverItWasCut(void)
{
    static const uint8_t zeros[FRAME_LIMIT];
    static uint8_t payload[FRAME_PAYLOAD_LIMIT];
    memset(payload, 'x', sizeof payload);
    for (size_t cut = 0; cut < FRAME_LIMIT; cut += cut < 20 ? 1 : 9973) {
        struct frame frame;
        greet();
        message_frame(&message, HOST_EXEC_SPEC, 1, payload, sizeof payload);
        feed(message.bytes, cut);
        CHECK(!decoder_next(&decoder, &frame));
        feed(zeros, sizeof zeros);
        CHECK(!decoder_next(&decoder, &frame));
        message_begin(&message);
        message_hello(&message, nonce);
        feed_message();
        CHECK(decoder_next(&decoder, &frame) && frame.type == HOST_HELLO);
    }
}

static void everyFlippedBitOfAFrameIsNoticed(void)
{
    for (size_t bit = 0; bit < (FRAME_HEADER_BYTES + 8) * 8; bit++) {
        struct frame frame;
        greet();
        message_frame(&message, HOST_PING, 0, "12345678", 8);
        message.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        feed_message();
        CHECK(!decoder_next(&decoder, &frame));
    }
}

static void aMagicWithinAFrameThatFailsItsCrcBeginsNothing(void)
{
    struct frame frame;
    static struct message inner;
    message_begin(&inner);
    message_hello(&inner, nonce);
    message_frame(&inner, HOST_POWER_OFF, 0, "", 0);
    greet();
    message_frame(&message, HOST_EXEC_SPEC, 1, inner.bytes, inner.writer.length);
    message.bytes[12] ^= 1;
    feed_message();
    CHECK(!decoder_next(&decoder, &frame));
}

static void aHostMayGreetAgainWithoutTheZeros(void)
{
    struct frame frame;
    greet();
    message_hello(&message, nonce);
    feed_message();
    CHECK(decoder_next(&decoder, &frame) && frame.type == HOST_HELLO);
}

static void manyLargestFramesPass(void)
{
    static uint8_t payload[FRAME_PAYLOAD_LIMIT];
    struct frame frame;
    greet();
    for (unsigned i = 0; i < 20; i++) {
        payload[i] = (uint8_t)i;
        message_frame(&message, HOST_EXEC_SPEC, i + 1, payload, sizeof payload);
        feed_message();
        CHECK(decoder_next(&decoder, &frame) && frame.length == sizeof payload && frame.exec == i + 1);
        CHECK(memcmp(frame.payload, payload, sizeof payload) == 0);
    }
}

static void aRingKeepsWhatIsNotForgottenAtItsOffset(void)
{
    struct ring ring;
    CHECK(ring_open(&ring, 4096));
    uint8_t next_in = 0, next_out = 0;
    for (int round = 0; round < 500; round++) {
        uint8_t bytes[777];
        size_t room = ring_room(&ring) < sizeof bytes ? ring_room(&ring) : sizeof bytes;
        for (size_t i = 0; i < room; i++) {
            bytes[i] = next_in++;
        }
        ring_put(&ring, bytes, room);
        struct iovec pieces[2];
        int count = ring_view(&ring, ring.begin, 555, pieces);
        size_t seen = 0;
        for (int k = 0; k < count; k++) {
            for (size_t i = 0; i < pieces[k].iov_len; i++, seen++) {
                CHECK(((uint8_t *)pieces[k].iov_base)[i] == next_out++);
            }
        }
        ring_forget(&ring, ring.begin + seen);
    }
    CHECK(ring.end > 10 * 4096);
    ring_close(&ring);
}

void test_parts(void)
{
    static const struct test tests[] = {
        TEST(theCrcIsThatOfZlib),
        TEST(theCrcInPiecesIsTheCrcOfTheWhole),
        TEST(readingPastTheEndGivesZeroAndStaysBad),
        TEST(aStringThatIsLongerThanItsPayloadIsBad),
        TEST(onlyUtf8WithoutNulIsText),
        TEST(aMessageIsCutBetweenCharacters),
        TEST(framesAreFoundByteByByte),
        TEST(junkBeforeTheMagicIsSkipped),
        TEST(aFrameBeforeHelloIsNotTaken),
        TEST(zerosCompleteAFrameThatWasCutShortWhereverItWasCut),
        TEST(everyFlippedBitOfAFrameIsNoticed),
        TEST(aMagicWithinAFrameThatFailsItsCrcBeginsNothing),
        TEST(aHostMayGreetAgainWithoutTheZeros),
        TEST(manyLargestFramesPass),
        TEST(aRingKeepsWhatIsNotForgottenAtItsOffset),
    };
    run_tests("parts", tests, sizeof tests / sizeof *tests);
}
