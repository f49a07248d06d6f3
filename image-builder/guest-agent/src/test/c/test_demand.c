/* The pack of modules to load on demand: its index, the names, lz4. */
#include <string.h>

#include "check.h"
#include "pack.h"
#include "suites.h"

static bool read_text(struct pack *pack, const char *text)
{
    return pack_read(pack, (const uint8_t *)text, strlen(text));
}

static const char sample[] =
    "mayfly-modules 2 \n"
    "0 3 5 - nf_nat\n"
    "3 4 6 0 nft_masq nft_expr_*_masq net-pf-16-proto-12\n"
    "aaabbbb";

static void theIndexLeadsToTheModules(void)
{
    struct pack pack;
    struct packed_module module;
    CHECK(read_text(&pack, sample));
    CHECK(pack.count == 2);
    CHECK(pack_module(&pack, 0, &module));
    CHECK(module.packed == 3 && module.size == 5 && memcmp(module.block, "aaa", 3) == 0);
    CHECK(module.dependencies[0] == '-');
    CHECK(pack_module(&pack, 1, &module));
    CHECK(module.packed == 4 && memcmp(module.block, "bbbb", 4) == 0 && module.dependencies[0] == '0');
    CHECK(!pack_module(&pack, 2, &module));
}

static void aModuleAnswersToItsNamesOnly(void)
{
    struct pack pack;
    struct packed_module module;
    CHECK(read_text(&pack, sample) && pack_module(&pack, 1, &module));
    CHECK(pack_answers(&module, "nft_masq"));
    CHECK(pack_answers(&module, "nft-masq"));
    CHECK(pack_answers(&module, "net_pf_16_proto_12"));
    CHECK(pack_answers(&module, "nft-expr-2-masq"));
    CHECK(pack_answers(&module, "nft-expr-_masq_masq"));
    CHECK(!pack_answers(&module, "nft_mas"));
    CHECK(!pack_answers(&module, "nft_masqu"));
    CHECK(!pack_answers(&module, "nft_expr_masq"));
    CHECK(!pack_answers(&module, "nf_nat"));
    CHECK(!pack_answers(&module, ""));
}

static void anIndexCutAnywhereIsRefused(void)
{
    struct pack pack;
    struct packed_module module;
    size_t index = sizeof sample - 1 - 7;
    for (size_t cut = 0; cut < index; cut++) {
        CHECK(!pack_read(&pack, (const uint8_t *)sample, cut));
    }
    for (size_t cut = index; cut < sizeof sample - 1; cut++) {
        CHECK(pack_read(&pack, (const uint8_t *)sample, cut));
        CHECK(!pack_module(&pack, 1, &module));
    }
}

static void whatIsNoIndexIsRefused(void)
{
    struct pack pack;
    struct packed_module module;
    CHECK(!read_text(&pack, "mayfly-modules x \n"));
    CHECK(!read_text(&pack, "mayfly-modules 1\n0 1 1 - a\nx"));
    CHECK(!read_text(&pack, "mayfly-modules 1025 \n"));
    CHECK(read_text(&pack, "mayfly-modules 3 \n0 1 1\n9 1 1 - a\n0 99999999999999999999 1 - a\nx"));
    CHECK(!pack_module(&pack, 0, &module));
    CHECK(!pack_module(&pack, 1, &module));
    CHECK(!pack_module(&pack, 2, &module));
}

static bool unpacks(const char *block, size_t packed, const char *expected)
{
    uint8_t out[64];
    size_t size = strlen(expected);
    return lz4_unpack((const uint8_t *)block, packed, out, size) && memcmp(out, expected, size) == 0;
}

static void literalsAndMatchesComeBack(void)
{
    CHECK(unpacks("\x50hello", 6, "hello"));
    CHECK(unpacks("\x34" "abc\x03\x00\x20yz", 9, "abcabcabcabyz"));
    CHECK(unpacks("\x1f" "a\x01\x00\x01\x10" "b", 7, "aaaaaaaaaaaaaaaaaaaaab"));
}

static void aBrokenBlockIsRefused(void)
{
    CHECK(!unpacks("\x50hell", 5, "hello"));              /* literals beyond the block */
    CHECK(!unpacks("\x50hello", 6, "hell"));              /* and beyond the room */
    CHECK(!unpacks("\x50hello", 6, "hello!"));            /* too little */
    CHECK(!unpacks("\x34" "abc\x04\x00\x20yz", 9, "abcabcabcabyz")); /* from before the beginning */
    CHECK(!unpacks("\x34" "abc\x00\x00\x20yz", 9, "abcabcabcabyz"));
    CHECK(!unpacks("\x34" "abc\x03", 5, "abcabcabcab"));
    CHECK(!unpacks("\x1f" "a\x01\x00\xff", 5, "aaaaaaaaaaaa")); /* a length without its end */
    CHECK(!unpacks("\x1f" "a\x01\x00\x80\x10" "b", 7, "aaaaaaaaab"));
}

void test_demand(void)
{
    static const struct test tests[] = {
        TEST(theIndexLeadsToTheModules),
        TEST(aModuleAnswersToItsNamesOnly),
        TEST(anIndexCutAnywhereIsRefused),
        TEST(whatIsNoIndexIsRefused),
        TEST(literalsAndMatchesComeBack),
        TEST(aBrokenBlockIsRefused),
    };
    run_tests("demand", tests, sizeof tests / sizeof *tests);
}
