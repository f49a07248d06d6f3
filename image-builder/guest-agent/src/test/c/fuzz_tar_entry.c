/*
 * Unpacks whatever a front end might send. The first byte says whether the checksums of headers are made right again, else
 * nearly nothing would pass. What is unpacked is packed again, and must come back without a complaint about its form.
 */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "check.h"
#include "fuzz.h"
#include "transfer.h"

/* The canary lies beside the directory; so does whatever gets out by one step. */
#define CANARY "canary"

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static int memory_file(const void *bytes, size_t length)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(fd >= 0 && (length == 0 || write(fd, bytes, length) == (ssize_t)length) && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* Nothing appeared beside the directory, and the canary says what it said. */
static void check_outside(const char *base, const char *canary)
{
    char text[sizeof CANARY];
    int fd = open(canary, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    CHECK(fd >= 0 && read(fd, text, sizeof text) == sizeof CANARY && memcmp(text, CANARY, sizeof CANARY) == 0);
    struct stat status;
    CHECK(fstat(fd, &status) == 0 && status.st_nlink == 1 && (status.st_mode & 07777) == 0600);
    close(fd);
    CHECK(stat(base, &status) == 0 && status.st_nlink <= 3);
    char link[128];
    snprintf(link, sizeof link, "%s/x", base);
    CHECK(lstat(link, &status) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > FUZZ_INPUT_LIMIT) {
        return 0;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    uint8_t *bytes = malloc(size);
    memcpy(bytes, data + 1, size - 1);
    for (size_t at = 0; (data[0] & 1) != 0 && at + TAR_BLOCK <= size - 1; at += TAR_BLOCK) {
        if (memcmp(bytes + at + 257, "ustar", 5) == 0) {
            archive_seal(bytes + at);
        }
    }
    char base[] = "/tmp/mayfly-fuzz-XXXXXX", canary[64], inside[64];
    CHECK(mkdtemp(base) != NULL);
    snprintf(canary, sizeof canary, "%s/%s", base, CANARY);
    snprintf(inside, sizeof inside, "%s/in", base);
    int fd = open(canary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, CANARY, sizeof CANARY) == sizeof CANARY);
    close(fd);
    int in = memory_file(bytes, size - 1), errors = memory_file("", 0), out = memory_file("", 0);
    enum transfer_end end = unpack(in, errors, inside);
    CHECK(end == TRANSFER_GOOD || lseek(errors, 0, SEEK_END) > 0);
    check_outside(base, canary);
    if (end == TRANSFER_GOOD) {
        char again[64];
        snprintf(again, sizeof again, "%s/again", base);
        CHECK(pack(inside, out, errors) != TRANSFER_REFUSED && lseek(out, 0, SEEK_SET) == 0);
        CHECK(unpack(out, errors, again) != TRANSFER_REFUSED);
    }
    close(in);
    close(errors);
    close(out);
    CHECK(nftw(base, remove_one, 64, FTW_DEPTH | FTW_PHYS) == 0);
    free(bytes);
    return 0;
}
