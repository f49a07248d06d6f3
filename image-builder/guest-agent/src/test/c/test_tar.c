/* Headers of archives: what is good, and every way to be wrong. */
#include <string.h>

#include "archive.h"
#include "check.h"
#include "suites.h"

static struct archive archive;
static struct tar_header header;
static struct tar_pax pax;

static const struct tar_facts ordinary = {
    .type = TAR_FILE, .mode = 0640, .user = 1000, .group = 1001, .size = 0, .seconds = 1234567890};

static const char *read_pax(const char *text)
{
    pax = (struct tar_pax){.path = NULL};
    return tar_read_pax(text, strlen(text), &pax);
}

static void aHeaderIsReadAsItWasWritten(void)
{
    archive_begin(&archive);
    archive_add_as(&archive, ordinary, "some/name", "", "12345");
    CHECK(archive.length == 2 * TAR_BLOCK && tar_read_header(archive.bytes, &header) == NULL);
    CHECK(strcmp(header.path, "some/name") == 0 && header.link[0] == '\0');
    CHECK(header.facts.type == TAR_FILE && header.facts.mode == 0640 && header.facts.user == 1000);
    CHECK(header.facts.group == 1001 && header.facts.size == 5 && header.facts.seconds == 1234567890);
    CHECK(!tar_is_end(archive.bytes));
    memset(archive.bytes, 0, TAR_BLOCK);
    CHECK(tar_is_end(archive.bytes));
}

/* Around every length at which a name is kept in another way or a record counts one more digit. */
static void aNameOfAnyLengthComesBack(void)
{
    static char name[2101];
    for (size_t length = 1; length <= 2100; length++) {
        for (size_t i = 0; i < length; i++) {
            name[i] = i % 90 == 89 ? '/' : 'n';
        }
        name[length] = '\0';
        archive_begin(&archive);
        archive_add_as(&archive, ordinary, name, "", "");
        CHECK(tar_read_header(archive.bytes, &header) == NULL);
        if (header.facts.type == TAR_PAX) {
            pax = (struct tar_pax){.path = NULL};
            CHECK(tar_read_pax((char *)archive.bytes + TAR_BLOCK, header.facts.size, &pax) == NULL);
            CHECK(pax.path_length == length && memcmp(pax.path, name, length) == 0);
        } else {
            CHECK(strcmp(header.path, name) == 0);
        }
    }
}

static void numbersBeyondUstarComeBack(void)
{
    static uint8_t bytes[TAR_WRITE_LIMIT];
    struct tar_facts facts = ordinary;
    facts.size = UINT64_C(9000000000);
    facts.user = 3000000;
    facts.group = 4000000;
    facts.seconds = -5;
    size_t length = tar_write_headers(bytes, &facts, "big", "");
    CHECK(length == 3 * TAR_BLOCK && tar_read_header(bytes, &header) == NULL && header.facts.type == TAR_PAX);
    pax = (struct tar_pax){.path = NULL};
    CHECK(tar_read_pax((char *)bytes + TAR_BLOCK, header.facts.size, &pax) == NULL);
    CHECK(pax.has_size && pax.size == facts.size && pax.has_user && pax.user == 3000000);
    CHECK(pax.has_group && pax.group == 4000000 && pax.has_time && pax.seconds == -5);
}

static const char *read_changed(size_t at, const char *text, size_t length)
{
    archive_begin(&archive);
    archive_add_as(&archive, ordinary, "name", "", "");
    memcpy(archive.bytes + at, text, length);
    if (at != 148) {
        archive_seal(archive.bytes);
    }
    return tar_read_header(archive.bytes, &header);
}

static void everyWrongFieldOfAHeaderIsRefused(void)
{
    CHECK(read_changed(0, "nam2", 4) == NULL);
    CHECK(read_changed(257, "posix", 5) != NULL);
    CHECK(read_changed(257, "\0\0\0\0\0\0\0\0", 8) != NULL);
    CHECK(read_changed(148, "000001", 6) != NULL);
    CHECK(read_changed(124, "0000000000x", 11) != NULL);
    CHECK(read_changed(124, "-0000000001", 11) != NULL);
    CHECK(read_changed(124, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 12) != NULL);
    CHECK(read_changed(124, "\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12) != NULL);
    CHECK(read_changed(124, "\x80\1\0\0\0\0\0\0\0\0\0\0", 12) != NULL);
    CHECK(read_changed(100, "00o0644", 7) != NULL);
    CHECK(read_changed(108, "\x80\0\0\0\xFF\xFF\xFF\xFF", 8) != NULL);
    CHECK(read_changed(136, "99999999999", 11) != NULL);
}

static void numbersOfGnuAreRead(void)
{
    CHECK(read_changed(124, "\x80\0\0\0\0\0\0\2\x18\x71\x1A\0", 12) == NULL && header.facts.size == UINT64_C(9000000000));
    CHECK(read_changed(136, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 12) == NULL && header.facts.seconds == -2);
    CHECK(read_changed(100, "   644 \0", 8) == NULL && header.facts.mode == 0644);
    CHECK(read_changed(136, "\0\0\0\0\0\0\0\0\0\0\0\0", 12) == NULL && header.facts.seconds == 0);
}

static void thePrefixCountsInUstarOnly(void)
{
    CHECK(read_changed(345, "before", 6) == NULL && strcmp(header.path, "before/name") == 0);
    archive_begin(&archive);
    archive_add_as(&archive, ordinary, "name", "", "");
    memcpy(archive.bytes + 257, "ustar  ", 8);
    memcpy(archive.bytes + 345, "1234567", 7);
    archive_seal(archive.bytes);
    CHECK(tar_read_header(archive.bytes, &header) == NULL && strcmp(header.path, "name") == 0);
}

static void recordsAreTakenOrPassedOver(void)
{
    CHECK(read_pax("") == NULL);
    CHECK(read_pax("12 path=abc\n19 comment=x=y\n\n z\n14 linkpath=d\n") == NULL);
    CHECK(pax.path_length == 3 && memcmp(pax.path, "abc", 3) == 0 && pax.link_length == 1 && *pax.link == 'd');
    CHECK(read_pax("20 mtime=12.5000000\n") == NULL && pax.seconds == 12 && pax.nanoseconds == 500000000);
    CHECK(read_pax("14 mtime=-1.5\n") == NULL && pax.seconds == -2 && pax.nanoseconds == 500000000);
    CHECK(read_pax("25 mtime=1.1234567899999\n") == NULL && pax.nanoseconds == 123456789);
    CHECK(read_pax("8 path=\n") == NULL && pax.path_length == 0);
}

static void everyWrongRecordIsRefused(void)
{
    static const char *const wrong[] = {"x", "12 path=abc", "11 path=abc\n", "13 path=abc\n", "0 path=abc\n", "-1 a=b\n",
        "6 =ab\n", "6 abc\n", "99999999999999999999 a=b\n", "18446744073709551615 a=b\n", " a=b\n", "10 size=x\n",
        "8 size=\n", "11 size=-1\n", "28 size=9999999999999999999\n", "29 size=99999999999999999999\n", "11 mtime=x\n",
        "13 mtime=1.x\n", "11 mtime=-\n", "18 uid=4294967295\n", "9 gid=-1\n", "22 GNU.sparse.major=1\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(read_pax(wrong[i]) != NULL || (fprintf(stderr, "%s", wrong[i]), false));
    }
    pax = (struct tar_pax){.path = NULL};
    CHECK(tar_read_pax("12 path=a\0c\n", 12, &pax) != NULL);
}

static void recordsCutAnywhereAreRefused(void)
{
    static const char text[] = "12 path=abc\n14 linkpath=d\n11 size=12\n";
    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        char *copy = malloc(cut); /* of this size, so that the sanitizer sees a step beyond */
        memcpy(copy, text, cut);
        pax = (struct tar_pax){.path = NULL};
        CHECK((tar_read_pax(copy, cut, &pax) == NULL) == (text[cut - 1] == '\n'));
        free(copy);
    }
}

void test_tar(void)
{
    static const struct test tests[] = {
        TEST(aHeaderIsReadAsItWasWritten),
        TEST(aNameOfAnyLengthComesBack),
        TEST(numbersBeyondUstarComeBack),
        TEST(everyWrongFieldOfAHeaderIsRefused),
        TEST(numbersOfGnuAreRead),
        TEST(thePrefixCountsInUstarOnly),
        TEST(recordsAreTakenOrPassedOver),
        TEST(everyWrongRecordIsRefused),
        TEST(recordsCutAnywhereAreRefused),
    };
    run_tests("tar", tests, sizeof tests / sizeof *tests);
}
