/* Clock, entropy, name, and the files of /etc that say them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "setup.h"

int step_clock(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    (void)agent;
    struct timespec time = {(time_t)(setup->wall_clock / SECOND), (long)(setup->wall_clock % SECOND)};
    return clock_settime(CLOCK_REALTIME, &time) == 0 ? 0 : failed(failure, errno, "setting the clock");
}

int step_entropy(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    (void)agent;
    struct {
        int bits, bytes;
        uint8_t pool[ENTROPY_MAX];
    } request = {.bits = (int)setup->entropy_length * 8, .bytes = (int)setup->entropy_length};
    memcpy(request.pool, setup->entropy, setup->entropy_length);
    int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    int error = 0;
    /* Without the reseed, a guest restored from a template goes on with the template's random numbers. */
    if (fd < 0 || ioctl(fd, RNDADDENTROPY, &request) != 0 || ioctl(fd, RNDRESEEDCRNG) != 0) {
        error = failed(failure, errno, "seeding the random number generator");
    }
    if (fd >= 0) {
        close(fd);
    }
    explicit_bzero(&request, sizeof request);
    return error;
}

int step_hostname(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    (void)agent;
    int error = sethostname(setup->hostname, strlen(setup->hostname));
    return error == 0 ? 0 : failed(failure, errno, "setting the hostname");
}

/* Replaces a file of the image, also when it is a link to somewhere that does not exist yet. */
static int put_file(const char *path, const char *text, mode_t mode, struct failure *failure)
{
    char beside[64];
    snprintf(beside, sizeof beside, "%.40s.mayfly", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return failed(failure, errno, "writing %s", path);
    }
    size_t length = strlen(text);
    bool good = write(fd, text, length) == (ssize_t)length && fchmod(fd, mode) == 0;
    int error = errno;
    close(fd);
    if (good && rename(beside, path) == 0) {
        return 0;
    }
    error = good ? errno : error;
    (void)unlink(beside);
    return failed(failure, error, "writing %s", path);
}

int step_files(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    (void)agent;
    char text[NAME_SERVER_LIMIT * (SETUP_STRING_LIMIT + 16) + 512];
    (void)mkdir("/etc", 0755);
    snprintf(text, sizeof text, "%s\n", setup->hostname);
    int error = put_file("/etc/hostname", text, 0644, failure);
    if (error == 0) {
        snprintf(text, sizeof text,
            "127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost ip6-loopback\n"
            "ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n",
            setup->hostname);
        error = put_file("/etc/hosts", text, 0644, failure);
    }
    if (error == 0) {
        size_t length = 0;
        text[0] = '\0';
        for (uint32_t i = 0; i < setup->name_server_count; i++) {
            length += (size_t)snprintf(text + length, sizeof text - length, "nameserver %s\n", setup->name_servers[i]);
        }
        error = put_file("/etc/resolv.conf", text, 0644, failure);
    }
    if (error == 0) {
        snprintf(text, sizeof text, "%s\n", setup->machine_id);
        error = put_file("/etc/machine-id", text, 0444, failure);
    }
    return error;
}
