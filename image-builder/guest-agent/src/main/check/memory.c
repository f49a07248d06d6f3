/* Time, chance, files and memory. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_TOLERANCE 300
#define NOBODY 65534
#define SMALL_FILES 10000

void check_clock(void)
{
    if (host_time == 0) {
        skip("the host's time was not given");
    }
    int64_t difference = (int64_t)time(NULL) - host_time;
    if (difference > CLOCK_TOLERANCE || difference < -CLOCK_TOLERANCE) {
        fail("it differs from the host's by %lld s", (long long)difference);
    }
}

static int64_t milliseconds(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_MONOTONIC, &now), "the monotonic clock");
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void check_monotonic(void)
{
    int64_t last = milliseconds();
    for (int i = 0; i < 1000; i++) {
        int64_t now = milliseconds();
        if (now < last) {
            fail("the monotonic clock went back");
        }
        last = now;
    }
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    int64_t slept = milliseconds() - last;
    if (slept < 299 || slept > 10000) {
        fail("a sleep of 300 ms took %lld ms", (long long)slept);
    }
}

void check_entropy(void)
{
    unsigned char one[32], other[32];
    if (getrandom(one, sizeof one, GRND_NONBLOCK) != sizeof one || getrandom(other, sizeof other, GRND_NONBLOCK) != sizeof other) {
        fail("getrandom would block: %s", strerror(errno));
    }
    if (memcmp(one, other, sizeof one) == 0) {
        fail("getrandom said the same twice");
    }
}

void check_large_file(void)
{
    static const char text[] = "beyond 4 GiB";
    char found[sizeof text] = "";
    const off_t far = INT64_C(5) << 30;
    struct stat status;
    int fd = must(open("large", O_RDWR | O_CREAT | O_CLOEXEC | O_LARGEFILE, 0644), "open");
    if (pwrite(fd, text, sizeof text, far) != sizeof text) {
        fail("writing at 5 GiB: %s", strerror(errno));
    }
    if (pread(fd, found, sizeof found, far) != sizeof found || strcmp(found, text) != 0) {
        fail("what was written at 5 GiB reads differently");
    }
    must(fstat(fd, &status), "stat");
    if (status.st_size != far + (off_t)sizeof text) {
        fail("its size is %lld", (long long)status.st_size);
    }
    if (status.st_blocks * INT64_C(512) > INT64_C(1) << 30) {
        fail("its hole takes room");
    }
}

void check_small_files(void)
{
    char path[32];
    struct stat status;
    for (int i = 0; i < SMALL_FILES; i++) {
        if (i % 1000 == 0) {
            snprintf(path, sizeof path, "%d", i / 1000);
            must(mkdir(path, 0755), "mkdir");
        }
        snprintf(path, sizeof path, "%d/%d", i / 1000, i);
        int fd = must(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), "creating a file");
        must((int)write(fd, path, strlen(path)), "writing it");
        close(fd);
    }
    for (int i = 0; i < SMALL_FILES; i++) {
        snprintf(path, sizeof path, "%d/%d", i / 1000, i);
        must(stat(path, &status), "finding a file again");
        if (status.st_size != (off_t)strlen(path)) {
            fail("%s has %lld bytes", path, (long long)status.st_size);
        }
        must(unlink(path), "removing a file");
    }
}

static void check_shared(int fd, const char *what)
{
    must(ftruncate(fd, 4096), "its size");
    volatile char *bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        fail("mapping %s: %s", what, strerror(errno));
    }
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        bytes[0] = 'x';
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
    if (bytes[0] != 'x') {
        fail("%s is not shared between processes", what);
    }
}

void check_shared_memory(void)
{
    int fd = must(shm_open("/mayfly-check", O_RDWR | O_CREAT | O_EXCL, 0600), "making shared memory in /dev/shm");
    must(shm_unlink("/mayfly-check"), "removing it");
    check_shared(fd, "shared memory");
}

void check_memfd(void)
{
    int fd = must((int)syscall(SYS_memfd_create, "check", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create");
    check_shared(fd, "a memfd");
    must(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), "sealing it");
    if (ftruncate(fd, 8192) == 0) {
        fail("a sealed memfd grew");
    }
}

void check_io_uring(void)
{
    struct io_uring_params parameters = {0};
    int fd = (int)syscall(SYS_io_uring_setup, 4, &parameters);
    if (fd < 0) {
        skip("this kernel refuses it: %s", strerror(errno));
    }
    close(fd);
}

static int receive(int from)
{
    char byte;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    must((int)recvmsg(from, &message, MSG_CMSG_CLOEXEC), "recvmsg");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    }
    return fd;
}

void check_unix_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    char text[16];
    write_file("passed", "passed");
    int listener = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "a socket");
    must(bind(listener, (struct sockaddr *)&address, sizeof address), "binding it to a path");
    must(listen(listener, 1), "listening");
    int client = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "a socket");
    must(connect(client, (struct sockaddr *)&address, sizeof address), "connecting by the path");
    int server = must(accept(listener, NULL, NULL), "accepting");
    int file = must(open("passed", O_RDONLY | O_CLOEXEC), "open");
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    struct iovec piece = {"x", 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    must((int)sendmsg(client, &message, 0), "passing a descriptor");
    int received = receive(server);
    ssize_t got = received < 0 ? -1 : read(received, text, sizeof text);
    if (got != 6 || memcmp(text, "passed", 6) != 0) {
        fail("the descriptor that was passed does not arrive");
    }
}

static void copy_self(const char *to)
{
    char buffer[16384];
    ssize_t got;
    int in = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "opening this program");
    int out = must(open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755), "copying it");
    while ((got = read(in, buffer, sizeof buffer)) > 0) {
        if (write(out, buffer, (size_t)got) != got) {
            fail("copying this program: %s", strerror(errno));
        }
    }
    must(fchown(out, 0, 0), "chown");
    must(fchmod(out, 04755), "setting the bit");
    close(in);
    close(out);
}

void check_setuid(void)
{
    int status;
    copy_self("program");
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        must(setgid(NOBODY), "setgid");
        must(setuid(NOBODY), "setuid");
        execl("program", "program", SHOW_EFFECTIVE_USER, (char *)NULL);
        fail("starting it: %s", strerror(errno));
    }
    must(waitpid(child, &status, 0), "wait");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail("a program with the setuid bit does not run as its owner");
    }
}

void check_links(void)
{
    struct stat one, other;
    char target[16];
    write_file("file", "text");
    must(link("file", "hard"), "a hard link");
    must(symlink("file", "soft"), "a symbolic link");
    must(stat("file", &one), "stat");
    must(stat("hard", &other), "stat");
    if (one.st_nlink != 2 || one.st_ino != other.st_ino) {
        fail("the file and its hard link are not one");
    }
    if (readlink("soft", target, sizeof target) != 4 || memcmp(target, "file", 4) != 0) {
        fail("the symbolic link points elsewhere");
    }
}

void check_xattr(void)
{
    char value[16];
    static const char *const names[] = {"user.check", "trusted.check"};
    write_file("file", "text");
    for (int i = 0; i < 2; i++) {
        must(setxattr("file", names[i], "value", 5, 0), names[i]);
        if (getxattr("file", names[i], value, sizeof value) != 5 || memcmp(value, "value", 5) != 0) {
            fail("%s is not what was set", names[i]);
        }
    }
}
