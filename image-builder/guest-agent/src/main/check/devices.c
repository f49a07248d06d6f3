/* Overlay, loop, tun, fuse and terminals: what comes as a module where it is not built in. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

void check_overlay(void)
{
    char text[16];
    own_mounts();
    must(mkdir("top", 0755), "mkdir");
    must(mount("check", "top", "tmpfs", 0, NULL), "mounting a tmpfs"); /* an overlay cannot be the upper of another */
    must(chdir("top"), "chdir");
    must(mkdir("lower", 0755), "mkdir");
    must(mkdir("upper", 0755), "mkdir");
    must(mkdir("work", 0755), "mkdir");
    must(mkdir("merged", 0755), "mkdir");
    write_file("lower/kept", "lower");
    write_file("lower/gone", "lower");
    must(mount("check", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work"), "mounting an overlay");
    write_file("merged/kept", "upper");
    must(unlink("merged/gone"), "removing a lower file");
    read_file("merged/kept", text, sizeof text);
    if (strcmp(text, "upper") != 0 || access("merged/gone", F_OK) == 0) {
        fail("the overlay does not show its upper layer");
    }
    read_file("lower/kept", text, sizeof text);
    if (strcmp(text, "lower") != 0 || access("lower/gone", F_OK) != 0) {
        fail("the overlay has changed its lower layer");
    }
}

static void fill(char *block, unsigned number)
{
    for (unsigned i = 0; i < 4096; i++) {
        block[i] = (char)(number * 31 + i);
    }
}

void check_loop(void)
{
    char block[4096], found[4096], path[32];
    int file = must(open("image", O_RDWR | O_CREAT | O_CLOEXEC, 0644), "open");
    for (unsigned i = 0; i < 64; i++) {
        fill(block, i);
        must((int)write(file, block, sizeof block), "write");
    }
    int control = must(open("/dev/loop-control", O_RDWR | O_CLOEXEC), "opening /dev/loop-control");
    snprintf(path, sizeof path, "/dev/loop%d", must(ioctl(control, LOOP_CTL_GET_FREE), "a free loop device"));
    int loop = must(open(path, O_RDWR | O_CLOEXEC), "opening the loop device");
    struct loop_config config = {.fd = (uint32_t)file, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
    must(ioctl(loop, LOOP_CONFIGURE, &config), "giving it a file");
    for (unsigned i = 0; i < 64; i++) {
        fill(block, i);
        if (read(loop, found, sizeof found) != sizeof found || memcmp(block, found, sizeof found) != 0) {
            fail("block %u reads differently through %s", i, path);
        }
    }
    fill(block, 99);
    if (pwrite(loop, block, sizeof block, 4096) != sizeof block || fsync(loop) != 0
        || pread(file, found, sizeof found, 4096) != sizeof found || memcmp(block, found, sizeof found) != 0) {
        fail("what is written through %s does not reach its file", path);
    }
}

void check_tun(void)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strcpy(request.ifr_name, "check0");
    int fd = must(open("/dev/net/tun", O_RDWR | O_CLOEXEC), "opening /dev/net/tun");
    must(ioctl(fd, TUNSETIFF, &request), "a tap device");
    int any = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a socket");
    must(ioctl(any, SIOCGIFFLAGS, &request), "finding the tap device");
}

void check_fuse(void)
{
    char options[64], request[FUSE_MIN_READ_BUFFER];
    own_mounts();
    must(mkdir("here", 0755), "mkdir");
    int fd = must(open("/dev/fuse", O_RDWR | O_CLOEXEC), "opening /dev/fuse");
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    must(mount("check", "here", "fuse", MS_NOSUID | MS_NODEV, options), "mounting a fuse");
    must((int)read(fd, request, sizeof request), "reading the kernel's first request");
    struct fuse_in_header header;
    memcpy(&header, request, sizeof header);
    if (header.opcode != FUSE_INIT) {
        fail("the kernel's first request is %u, not FUSE_INIT", header.opcode);
    }
}

void check_pty(void)
{
    char text[16] = "";
    int status;
    int controller = must(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "a pseudo terminal");
    must(grantpt(controller), "grantpt");
    must(unlockpt(controller), "unlockpt");
    const char *name = ptsname(controller);
    if (name == NULL) {
        fail("the terminal has no name");
    }
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        setsid();
        int terminal = open(name, O_RDWR);
        int own = terminal >= 0 ? ioctl(terminal, TIOCSCTTY, 0) : -1;
        _exit(own == 0 && isatty(terminal) && write(terminal, "hello", 5) == 5 && tcdrain(terminal) == 0 ? 0 : 1);
    }
    ssize_t got = read(controller, text, sizeof text - 1);
    must(waitpid(child, &status, 0), "wait");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail("a process cannot have %s as its terminal", name);
    }
    if (got != 5 || strcmp(text, "hello") != 0) {
        fail("what is written to %s does not arrive", name);
    }
}
