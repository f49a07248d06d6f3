/* /etc/passwd and /etc/group, also as a job may leave them. */
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "suites.h"
#include "users.h"

static struct identity identity;
static char passwd[] = "/tmp/mayfly-passwd-XXXXXX";
static char group[] = "/tmp/mayfly-group-XXXXXX";

static void put(char *path, const char *text, size_t repeat)
{
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    for (size_t i = 0; i < repeat; i++) {
        CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    }
    close(fd);
}

static void files(const char *users, const char *groups)
{
    put(passwd, users, 1);
    put(group, groups, 1);
}

static bool resolve(const char *user)
{
    return identity_resolve(&identity, user, passwd, group);
}

static void done(void)
{
    unlink(passwd);
    unlink(group);
}

#define USERS "root:x:0:0:root:/root:/bin/sh\ndev:x:1000:1001:Dev:/home/dev:/bin/sh\nnohome:x:7:7:::\n"
#define GROUPS "root:x:0:\ndev:x:1001:\naudio:x:29:other,dev\nwheel:x:10:dev\nevil:x:66:devil,de\n"

static void aNameGetsItsIdsHomeAndGroups(void)
{
    files(USERS, GROUPS);
    CHECK(resolve("dev") && identity.uid == 1000 && identity.gid == 1001 && identity.known);
    CHECK(strcmp(identity.home, "/home/dev") == 0 && strcmp(identity.name, "dev") == 0);
    CHECK(identity.group_count == 3 && identity.groups[0] == 1001 && identity.groups[1] == 29 && identity.groups[2] == 10);
    done();
}

static void nobodyNamedMeansRoot(void)
{
    files(USERS, GROUPS);
    CHECK(resolve("") && identity.uid == 0 && strcmp(identity.home, "/root") == 0);
    done();
    CHECK(resolve("") && identity.uid == 0 && identity.gid == 0 && !identity.known && strcmp(identity.home, "/") == 0);
}

static void aNumberNeedNotHaveAnEntry(void)
{
    files(USERS, GROUPS);
    CHECK(resolve("4000") && identity.uid == 4000 && identity.gid == 0 && !identity.known);
    CHECK(resolve("1000") && identity.known && identity.gid == 1001 && identity.group_count == 3);
    CHECK(resolve("1000:5") && identity.gid == 5 && identity.group_count == 0 && strcmp(identity.home, "/home/dev") == 0);
    CHECK(resolve("7") && strcmp(identity.home, "/") == 0);
    done();
}

static void whatIsNoUserIsRefused(void)
{
    files(USERS, GROUPS);
    CHECK(!resolve("nobody") && !resolve("dev:5") && !resolve("1:x") && !resolve("1:") && !resolve("-1"));
    CHECK(!resolve("4294967295") && !resolve("99999999999999999999"));
    done();
}

static void aBrokenFileGivesNoWrongUser(void)
{
    files("dev:x:0\ndev:x:abc:0:::\ndev::\n:::::::::\nde", "\n\n:::\naudio:x:zz:dev");
    CHECK(!resolve("dev"));
    CHECK(resolve("5") && !identity.known);
    done();
}

static void aLineWithoutEndIsCutNotOverrun(void)
{
    put(passwd, "dev:x:1000:1001:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 4000);
    put(group, "audio:x:29:dev,dev,dev,dev,dev,dev,dev,dev,dev,dev,dev,dev,dev,dev,dev,dev", 4000);
    CHECK(resolve("5"));
    CHECK(!resolve("aaaa"));
    done();
}

static void moreGroupsThanTheLimitAreCut(void)
{
    put(passwd, USERS, 1);
    put(group, "g:x:77:dev\n", 1000);
    CHECK(resolve("dev") && identity.group_count == GROUP_LIMIT);
    done();
}

void test_users(void)
{
    static const struct test tests[] = {
        TEST(aNameGetsItsIdsHomeAndGroups),
        TEST(nobodyNamedMeansRoot),
        TEST(aNumberNeedNotHaveAnEntry),
        TEST(whatIsNoUserIsRefused),
        TEST(aBrokenFileGivesNoWrongUser),
        TEST(aLineWithoutEndIsCutNotOverrun),
        TEST(moreGroupsThanTheLimitAreCut),
    };
    run_tests("users", tests, sizeof tests / sizeof *tests);
}
