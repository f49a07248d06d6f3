/* Writes the corpus of archives: every kind of entry, and those that want out. usage: corpus-tar DIRECTORY */
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "check.h"

static struct archive archive;
static const char *directory;

static void save(const char *name, uint8_t mode)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(&mode, 1, 1, file) == 1);
    CHECK(fwrite(archive.bytes, 1, archive.length, file) == archive.length && fclose(file) == 0);
    archive_begin(&archive);
}

static void good_archives(void)
{
    static char longest[301];
    memset(longest, 'n', 300);
    longest[150] = '/';
    archive_add(&archive, TAR_DIRECTORY, "d/", "", "");
    archive_add(&archive, TAR_FILE, "d/file", "", "contents");
    archive_add(&archive, TAR_SYMLINK, "d/soft", "../x", "");
    archive_add(&archive, TAR_HARD_LINK, "hard", "d/file", "");
    archive_add(&archive, TAR_FIFO, "fifo", "", "");
    archive_end(&archive);
    save("every-kind", 1);
    archive_add(&archive, TAR_LONG_PATH, "././@LongLink", "", longest);
    archive_add(&archive, TAR_FILE, "n", "", "gnu");
    archive_add(&archive, TAR_LONG_LINK, "././@LongLink", "", longest);
    archive_add(&archive, TAR_SYMLINK, "soft", "n", "");
    archive_end(&archive);
    save("gnu-names", 1);
    archive_add(&archive, TAR_PAX_GLOBAL, "pax", "", "13 comment=x\n");
    archive_add(&archive, TAR_PAX, "pax", "", "12 path=abc\n16 mtime=1.2345\n9 uid=10\n9 gid=11\n10 size=4\n");
    archive_add(&archive, TAR_FILE, "n", "", "four");
    archive_end(&archive);
    save("pax", 1);
    archive_add(&archive, TAR_FILE, longest, "", "by our own pax header");
    archive_add(&archive, TAR_DIRECTORY, "a/b/c/", "", "");
    archive_add(&archive, TAR_FILE, "a/b/c/d", "", "");
    archive_add(&archive, TAR_FILE, "e", "", "");
    archive_end(&archive);
    save("nested", 1);
}

static void bad_archives(void)
{
    archive_add(&archive, TAR_FILE, "../x", "", "out");
    archive_add(&archive, TAR_FILE, "/x", "", "out");
    save("dots", 1);
    archive_add(&archive, TAR_SYMLINK, "l", "..", "");
    archive_add(&archive, TAR_FILE, "l/x", "", "out");
    save("through-link", 1);
    archive_add(&archive, TAR_SYMLINK, "l", "../canary", "");
    archive_add(&archive, TAR_FILE, "l", "", "out");
    archive_add(&archive, TAR_HARD_LINK, "h", "l", "");
    archive_add(&archive, TAR_FILE, "h", "", "out");
    archive_add(&archive, TAR_HARD_LINK, "c", "../canary", "");
    archive_end(&archive);
    save("replaced-link", 1);
    archive_add(&archive, TAR_FILE, "cut", "", "this one ends too early");
    archive.length -= 100;
    save("cut", 1);
    archive_add(&archive, TAR_FILE, "sum", "", "");
    archive.bytes[0] ^= 1;
    archive_end(&archive);
    save("wrong-checksum", 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    directory = argv[1];
    archive_begin(&archive);
    good_archives();
    bad_archives();
    return 0;
}
