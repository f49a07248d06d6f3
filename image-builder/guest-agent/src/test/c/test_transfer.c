/* Packing and unpacking with real files, and archives that want out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive.h"
#include "check.h"
#include "suites.h"
#include "transfer.h"

static char base[64], in[80], out[80]; /* a directory with one to pack from and one to unpack into */
static char said[4096];
static struct archive archive;
static int errors;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static void open_scene(void)
{
    strcpy(base, "/tmp/mayfly-transfer-XXXXXX");
    CHECK(mkdtemp(base) != NULL);
    snprintf(in, sizeof in, "%s/in", base);
    snprintf(out, sizeof out, "%s/out", base);
    CHECK(mkdir(in, 0755) == 0);
    errors = memfd_create("errors", MFD_CLOEXEC);
    CHECK(errors >= 0);
}

static void close_scene(void)
{
    close(errors);
    CHECK(nftw(base, remove_one, 64, FTW_DEPTH | FTW_PHYS) == 0);
}

static const char *path_in(const char *directory, const char *name)
{
    static char paths[4][PATH_MAX];
    static int next;
    char *path = paths[next++ & 3];
    snprintf(path, PATH_MAX, "%s/%s", directory, name);
    return path;
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
    close(fd);
}

static bool has_text(const char *path, const char *text)
{
    char found[256];
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, found, sizeof found);
    if (fd >= 0) {
        close(fd);
    }
    return got == (ssize_t)strlen(text) && memcmp(found, text, strlen(text)) == 0;
}

static struct stat status_of(const char *path)
{
    struct stat status;
    CHECK(lstat(path, &status) == 0);
    return status;
}

static bool absent(const char *path)
{
    struct stat status;
    return lstat(path, &status) != 0 && errno == ENOENT;
}

static void read_said(void)
{
    ssize_t got = pread(errors, said, sizeof said - 1, 0);
    CHECK(got >= 0 && ftruncate(errors, 0) == 0 && lseek(errors, 0, SEEK_SET) == 0);
    said[got] = '\0';
}

static enum transfer_end unpack_bytes(const uint8_t *bytes, size_t length)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
    enum transfer_end end = unpack(fd, errors, out);
    close(fd);
    read_said();
    return end;
}

/* One line that says why, when it did not go well; nothing else. */
static enum transfer_end unpack_archive(void)
{
    enum transfer_end end = unpack_bytes(archive.bytes, archive.length);
    const char *line = strchr(said, '\n');
    CHECK(end == TRANSFER_GOOD ? said[0] == '\0' : (line != NULL && line[1] == '\0'));
    return end;
}

static enum transfer_end pack_into(const char *path, int *fd)
{
    *fd = memfd_create("archive", MFD_CLOEXEC);
    CHECK(*fd >= 0);
    enum transfer_end end = pack(path, *fd, errors);
    CHECK(lseek(*fd, 0, SEEK_SET) == 0);
    read_said();
    return end;
}

static void aTreeComesBackAsItWas(void)
{
    open_scene();
    mode_t mask = umask(077); /* modes do not depend on it */
    const struct timespec then[2] = {{1111111111, 0}, {1222222222, 0}};
    CHECK(mkdir(path_in(in, "empty"), 0700) == 0 && mkdir(path_in(in, "d"), 0700) == 0);
    put_file(path_in(in, "d/file"), "contents", 04751);
    put_file(path_in(in, "nothing"), "", 0400);
    CHECK(link(path_in(in, "d/file"), path_in(in, "same")) == 0);
    CHECK(symlink("../nowhere", path_in(in, "d/link")) == 0 && mkfifo(path_in(in, "fifo"), 0600) == 0);
    CHECK(utimensat(AT_FDCWD, path_in(in, "d/file"), then, 0) == 0);
    CHECK(chmod(path_in(in, "d"), 0555) == 0 && utimensat(AT_FDCWD, path_in(in, "d"), then, 0) == 0);
    int fd;
    CHECK(pack_into(in, &fd) == TRANSFER_GOOD && said[0] == '\0');
    CHECK(unpack(fd, errors, out) == TRANSFER_GOOD);
    close(fd);
    umask(mask);
    CHECK(has_text(path_in(out, "in/d/file"), "contents") && has_text(path_in(out, "in/nothing"), ""));
    struct stat file = status_of(path_in(out, "in/d/file")), same = status_of(path_in(out, "in/same"));
    CHECK(file.st_ino == same.st_ino && (file.st_mode & 07777) == 04751 && file.st_mtim.tv_sec == 1222222222);
    struct stat directory = status_of(path_in(out, "in/d"));
    CHECK((directory.st_mode & 07777) == 0555 && directory.st_mtim.tv_sec == 1222222222);
    CHECK(S_ISFIFO(status_of(path_in(out, "in/fifo")).st_mode) && S_ISDIR(status_of(path_in(out, "in/empty")).st_mode));
    char target[64];
    CHECK(readlink(path_in(out, "in/d/link"), target, sizeof target) == 10 && memcmp(target, "../nowhere", 10) == 0);
    CHECK(chmod(path_in(in, "d"), 0755) == 0 && chmod(path_in(out, "in/d"), 0755) == 0);
    close_scene();
}

static void aFileAloneIsPackedUnderItsName(void)
{
    open_scene();
    put_file(path_in(in, "alone"), "x", 0644);
    int fd;
    CHECK(pack_into(path_in(in, "alone//"), &fd) == TRANSFER_GOOD && unpack(fd, errors, out) == TRANSFER_GOOD);
    close(fd);
    CHECK(has_text(path_in(out, "alone"), "x"));
    close_scene();
}

static void namesOfAllFormatsAreTaken(void)
{
    open_scene();
    char longest[400], text[600];
    memset(longest, 'n', 200);
    longest[200] = '/';
    memset(longest + 201, 'm', 199);
    longest[399] = '\0';
    archive_begin(&archive);
    archive_add(&archive, TAR_LONG_PATH, "././@LongLink", "", longest);
    archive_add(&archive, TAR_FILE, "nnn", "", "gnu");
    archive_add(&archive, TAR_LONG_LINK, "././@LongLink", "", longest);
    archive_add(&archive, TAR_HARD_LINK, "hard", "nnn", "");
    snprintf(text, sizeof text, "%d linkpath=%s\n", 399 + 14, longest);
    archive_add(&archive, TAR_PAX, "pax", "", text);
    archive_add(&archive, TAR_SYMLINK, "soft", "nnn", "");
    archive_add(&archive, TAR_PAX_GLOBAL, "pax", "", "13 comment=x\n");
    archive_add(&archive, TAR_FILE, "./a//b/./c", "", "dots");
    archive_add(&archive, TAR_DIRECTORY, "./", "", "");
    archive_end(&archive);
    CHECK(unpack_archive() == TRANSFER_GOOD);
    CHECK(has_text(path_in(out, longest), "gnu") && has_text(path_in(out, "hard"), "gnu"));
    CHECK(readlink(path_in(out, "soft"), text, sizeof text) == 399 && has_text(path_in(out, "a/b/c"), "dots"));
    close_scene();
}

static void whatWantsOutIsRefused(void)
{
    static const struct { uint8_t type; const char *path, *link; } hostile[] = {
        {TAR_FILE, "../x", ""}, {TAR_FILE, "a/../../x", ""}, {TAR_FILE, "/tmp/mayfly-escaped", ""}, {TAR_DIRECTORY, "..", ""},
        {TAR_DIRECTORY, "/", ""}, {TAR_SYMLINK, "../x", "y"}, {TAR_FIFO, "a/..", ""}, {TAR_HARD_LINK, "x", "../in/secret"},
        {TAR_HARD_LINK, "x", "/etc/passwd"}, {TAR_HARD_LINK, "x", ""}, {TAR_SYMLINK, "x", ""}, {TAR_FILE, "", ""},
        {TAR_FILE, ".", ""}, {TAR_SYMLINK, "./", "y"}, {'S', "sparse", ""}, {'V', "label", ""},
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        open_scene();
        put_file(path_in(in, "secret"), "secret", 0600);
        archive_begin(&archive);
        archive_add(&archive, hostile[i].type, hostile[i].path, hostile[i].link, "");
        archive_end(&archive);
        CHECK(unpack_archive() == TRANSFER_REFUSED);
        CHECK(absent(path_in(base, "x")) && absent("/tmp/mayfly-escaped") && absent(path_in(out, "x")));
        close_scene();
    }
}

static void nothingIsWrittenThroughALinkOfTheArchive(void)
{
    static const uint8_t types[] = {TAR_FILE, TAR_DIRECTORY, TAR_SYMLINK, TAR_FIFO, TAR_HARD_LINK};
    for (size_t i = 0; i < sizeof types; i++) {
        open_scene();
        archive_begin(&archive);
        archive_add(&archive, TAR_FILE, "f", "", "");
        archive_add(&archive, TAR_SYMLINK, "out", "../in", "");
        archive_add(&archive, types[i], "out/x", types[i] == TAR_FILE || types[i] == TAR_DIRECTORY ? "" : "f", "");
        archive_end(&archive);
        CHECK(unpack_archive() == TRANSFER_REFUSED && strstr(said, "through") != NULL);
        CHECK(absent(path_in(in, "x")));
        close_scene();
        open_scene();
        put_file(path_in(in, "secret"), "secret", 0600);
        archive_begin(&archive);
        archive_add(&archive, TAR_SYMLINK, "out", "../in", "");
        archive_add(&archive, TAR_HARD_LINK, "x", "out/secret", "");
        archive_end(&archive);
        CHECK(unpack_archive() == TRANSFER_REFUSED && absent(path_in(out, "x")));
        close_scene();
    }
}

static void aLinkInTheWayIsReplacedNotWrittenThrough(void)
{
    open_scene();
    put_file(path_in(in, "kept"), "kept", 0600);
    archive_begin(&archive);
    archive_add(&archive, TAR_SYMLINK, "file", "../in/kept", "");
    archive_add(&archive, TAR_FILE, "file", "", "new");
    archive_add(&archive, TAR_SYMLINK, "directory", "../in", "");
    archive_add(&archive, TAR_DIRECTORY, "directory/", "", "");
    archive_add(&archive, TAR_FILE, "directory/x", "", "inside");
    archive_end(&archive);
    CHECK(unpack_archive() == TRANSFER_GOOD);
    CHECK(has_text(path_in(out, "file"), "new") && has_text(path_in(in, "kept"), "kept"));
    CHECK(has_text(path_in(out, "directory/x"), "inside") && absent(path_in(in, "x")));
    CHECK(link(path_in(in, "kept"), path_in(out, "twin")) == 0);
    archive_begin(&archive);
    archive_add(&archive, TAR_FILE, "twin", "", "twin");
    archive_end(&archive);
    CHECK(unpack_archive() == TRANSFER_GOOD && has_text(path_in(in, "kept"), "kept"));
    close_scene();
}

static void anArchiveCutAnywhereIsRefused(void)
{
    open_scene();
    archive_begin(&archive);
    archive_add(&archive, TAR_LONG_PATH, "././@LongLink", "", "long");
    archive_add(&archive, TAR_FILE, "short", "", "contents of the file");
    archive_add(&archive, TAR_PAX, "pax", "", "12 path=abc\n");
    archive_add(&archive, TAR_FILE, "short", "", "more");
    size_t whole = archive.length;
    archive_end(&archive);
    for (size_t cut = 0; cut <= whole; cut += cut % TAR_BLOCK == 0 ? 1 : TAR_BLOCK / 2 - 1) {
        CHECK(unpack_bytes(archive.bytes, cut) == TRANSFER_REFUSED && strchr(said, '\n') == said + strlen(said) - 1);
    }
    CHECK(unpack_bytes(archive.bytes, whole + TAR_BLOCK) == TRANSFER_GOOD);
    CHECK(unpack_bytes(archive.bytes, whole + 2 * TAR_BLOCK) == TRANSFER_GOOD && has_text(path_in(out, "abc"), "more"));
    archive.bytes[whole + TAR_BLOCK] = 1;
    CHECK(unpack_bytes(archive.bytes, whole + 2 * TAR_BLOCK) == TRANSFER_REFUSED);
    close_scene();
}

static void junkIsRefusedWithOneLine(void)
{
    open_scene();
    for (size_t i = 0; i < 70000; i++) {
        archive.bytes[i] = (uint8_t)(i * 2654435761U >> 13);
    }
    archive.length = 70000;
    CHECK(unpack_archive() == TRANSFER_REFUSED && strstr(said, "no tar archive") != NULL);
    close_scene();
}

static void depthHasALimitInBothDirections(void)
{
    open_scene();
    static char deep[2 * TAR_DEPTH_LIMIT + 3];
    for (size_t i = 0; i <= TAR_DEPTH_LIMIT; i++) {
        memcpy(deep + 2 * i, "d/", 3);
    }
    archive_begin(&archive);
    archive_add(&archive, TAR_DIRECTORY, deep, "", "");
    archive_end(&archive);
    CHECK(unpack_archive() == TRANSFER_REFUSED && strstr(said, "256") != NULL);
    archive_begin(&archive);
    for (size_t i = 1; i <= TAR_DEPTH_LIMIT; i++) { /* each of them stays open until the end */
        char path[2 * TAR_DEPTH_LIMIT + 1];
        memcpy(path, deep, 2 * i);
        path[2 * i] = '\0';
        archive_add(&archive, TAR_DIRECTORY, path, "", "");
    }
    archive_end(&archive);
    CHECK(unpack_archive() == TRANSFER_GOOD);
    int fd;
    CHECK(pack_into(out, &fd) == TRANSFER_FAILED && strstr(said, "256") != NULL);
    close(fd);
    close_scene();
}

static void aPathThatIsNotThereIsRefused(void)
{
    open_scene();
    int fd;
    static const char *const wrong[] = {"/mayfly/no/such/path", "/mayfly-no-such-path", "relative", "/", "/tmp/..", "/tmp/."};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(pack_into(wrong[i], &fd) == TRANSFER_REFUSED && strchr(said, '\n') == said + strlen(said) - 1);
        CHECK(lseek(fd, 0, SEEK_END) == 0);
        close(fd);
    }
    close_scene();
}

static void socketsAreSkippedAndSaid(void)
{
    open_scene();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", in);
    int fd, listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(pack_into(in, &fd) == TRANSFER_GOOD && strcmp(said, "mayfly pack: in/socket: sockets are not packed\n") == 0);
    CHECK(unpack(fd, errors, out) == TRANSFER_GOOD && absent(path_in(out, "in/socket")));
    close(fd);
    close(listener);
    close_scene();
}

/* The pipe and our buffer hold far less than the file, so that it is cut while it is read. */
static void aFileThatShrinksIsPaddedAndSaid(void)
{
    open_scene();
    int pipes[2], status;
    put_file(path_in(in, "shrinks"), "", 0600);
    CHECK(truncate(path_in(in, "shrinks"), 8000000) == 0 && pipe2(pipes, O_CLOEXEC) == 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(pack(path_in(in, "shrinks"), pipes[1], errors));
    }
    close(pipes[1]);
    static uint8_t bytes[65536];
    size_t total = 0;
    bool cut = false;
    for (ssize_t got; (got = read(pipes[0], bytes, sizeof bytes)) > 0; total += (size_t)got) {
        CHECK(cut || truncate(path_in(in, "shrinks"), 1000) == 0);
        cut = true;
    }
    close(pipes[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == TRANSFER_FAILED);
    read_said();
    CHECK(strstr(said, "shrank") != NULL && total == 3 * TAR_BLOCK + 8000000);
    close_scene();
}

static void whatDoesNotFitLeavesNoHalfFile(void)
{
    open_scene();
    archive_begin(&archive);
    char contents[20001];
    memset(contents, 'c', 20000);
    contents[20000] = '\0';
    archive_add(&archive, TAR_FILE, "small", "", "fits");
    archive_add(&archive, TAR_FILE, "large", "", contents);
    archive_end(&archive);
    struct rlimit before, limit;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    int fd = memfd_create("archive", MFD_CLOEXEC);
    CHECK(write(fd, archive.bytes, archive.length) == (ssize_t)archive.length && lseek(fd, 0, SEEK_SET) == 0);
    limit = (struct rlimit){10000, before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    enum transfer_end end = unpack(fd, errors, out);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    close(fd);
    read_said();
    CHECK(end == TRANSFER_FAILED && strcmp(said, "mayfly unpack: large: File too large\n") == 0);
    CHECK(has_text(path_in(out, "small"), "fits") && absent(path_in(out, "large")));
    close_scene();
}

void test_transfer(void)
{
    static const struct test tests[] = {
        TEST(aTreeComesBackAsItWas),
        TEST(aFileAloneIsPackedUnderItsName),
        TEST(namesOfAllFormatsAreTaken),
        TEST(whatWantsOutIsRefused),
        TEST(nothingIsWrittenThroughALinkOfTheArchive),
        TEST(aLinkInTheWayIsReplacedNotWrittenThrough),
        TEST(anArchiveCutAnywhereIsRefused),
        TEST(junkIsRefusedWithOneLine),
        TEST(depthHasALimitInBothDirections),
        TEST(aPathThatIsNotThereIsRefused),
        TEST(socketsAreSkippedAndSaid),
        TEST(aFileThatShrinksIsPaddedAndSaid),
        TEST(whatDoesNotFitLeavesNoHalfFile),
    };
    run_tests("transfer", tests, sizeof tests / sizeof *tests);
}
