/* The root of the job: a shared read-only disk below, this microVM's own disk above. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "files.h"
#include "setup.h"

#define LOWER "/mayfly/lower"
#define SCRATCH "/mayfly/scratch"
#define UPPER SCRATCH "/upper"
#define WORK SCRATCH "/work"
#define ROOT "/mayfly/root"
#define DEVICE_BYTES 80
/* Virtio cuts serials (VIRTIO_BLK_ID_BYTES). */
#define SERIAL_BYTES 20
/* Disks are there when their driver has been loaded; the wait is for drivers that probe in the background. */
#define DISK_TRIES 400
#define DISK_PAUSE (5 * MILLISECOND)

static bool serial_matches(const char *disk, const char *serial)
{
    char path[sizeof "/sys/block//serial" + 64], text[64];
    if (strlen(disk) > 32) {
        return false;
    }
    snprintf(path, sizeof path, "/sys/block/%.32s/serial", disk);
    if (!file_read(AT_FDCWD, path, text, sizeof text)) {
        return false;
    }
    text[strcspn(text, "\n")] = '\0';
    return strcmp(text, serial) == 0 || (strlen(text) == SERIAL_BYTES && strncmp(text, serial, SERIAL_BYTES) == 0);
}

static bool look_for_disk(const char *serial, char device[DEVICE_BYTES])
{
    DIR *directory = opendir("/sys/block");
    bool found = false;
    if (directory == NULL) {
        return false;
    }
    for (struct dirent *entry; !found && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.' && serial_matches(entry->d_name, serial)) {
            snprintf(device, DEVICE_BYTES, "/dev/%.32s", entry->d_name);
            found = true;
        }
    }
    closedir(directory);
    return found;
}

static bool find_disk(const char *serial, char device[DEVICE_BYTES])
{
    for (int i = 0; i < DISK_TRIES; i++) {
        if (look_for_disk(serial, device)) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = DISK_PAUSE}, NULL);
    }
    return false;
}

static int make_directory(const char *path, mode_t mode, struct failure *failure)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return failed(failure, errno, "making %s", path);
    }
    return 0;
}

static int mount_scratch(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    char device[DEVICE_BYTES];
    if (setup->scratch_serial[0] == '\0') {
        if (mount("scratch", SCRATCH, "tmpfs", MS_NODEV, "mode=0755") != 0) {
            return failed(failure, errno, "mounting a tmpfs as scratch");
        }
    } else if (!find_disk(setup->scratch_serial, device)) {
        return failed(failure, ENODEV, "no disk has the serial of the scratch disk, %s", setup->scratch_serial);
    } else if (mount(device, SCRATCH, "ext4", MS_NOATIME, NULL) != 0) {
        return failed(failure, errno, "mounting the scratch disk %s", device);
    }
    agent->scratch = open(SCRATCH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (agent->scratch < 0) {
        return failed(failure, errno, "opening the scratch disk");
    }
    int error = make_directory(UPPER, 0755, failure);
    return error != 0 ? error : make_directory(WORK, 0700, failure);
}

static int mount_overlay(struct failure *failure)
{
    /* volatile: the disk dies with the microVM, so a job's fsync need not reach it. Older kernels do not know it. */
    if (mount("root", ROOT, "overlay", MS_NOATIME, "lowerdir=" LOWER ",upperdir=" UPPER ",workdir=" WORK ",volatile") == 0
        || mount("root", ROOT, "overlay", MS_NOATIME, "lowerdir=" LOWER ",upperdir=" UPPER ",workdir=" WORK) == 0) {
        return 0;
    }
    return failed(failure, errno, "mounting the overlay");
}

/* Makes the overlay the root of everything, also of this process. The initramfs stays beneath, unreachable by name. */
static int switch_root(struct failure *failure)
{
    static const char *const moved[] = {"/proc", "/sys", "/dev"};
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        char target[sizeof ROOT + 8];
        snprintf(target, sizeof target, ROOT "%s", moved[i]);
        int error = make_directory(target, 0755, failure);
        if (error != 0) {
            return error;
        }
        if (mount(moved[i], target, NULL, MS_MOVE, NULL) != 0) {
            return failed(failure, errno, "moving %s", moved[i]);
        }
    }
    if (chdir(ROOT) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) {
        return failed(failure, errno, "changing the root");
    }
    return 0;
}

int step_root(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    if (setup->root_serial[0] == '\0') {
        return 0; /* stay in the initramfs */
    }
    static const char *const places[] = {"/mayfly", LOWER, SCRATCH, ROOT};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int error = make_directory(places[i], 0755, failure);
        if (error != 0) {
            return error;
        }
    }
    char device[DEVICE_BYTES];
    if (!find_disk(setup->root_serial, device)) {
        return failed(failure, ENODEV, "no disk has the serial of the root disk, %s", setup->root_serial);
    }
    if (mount(device, LOWER, setup->root_file_system, MS_RDONLY, NULL) != 0) {
        return failed(failure, errno, "mounting the root disk %s", device);
    }
    int error = mount_scratch(agent, setup, failure);
    error = error != 0 ? error : mount_overlay(failure);
    return error != 0 ? error : switch_root(failure);
}

static const struct place {
    const char *path, *type;
    unsigned long flags;
    const char *options;
    mode_t mode;
} mounts[] = {
    {"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5", 0755},
    {"/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", 01777},
    {"/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=20%", 0755},
    {"/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate", 0755},
};

static const struct link_place {
    const char *path, *target;
} links[] = {
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
};

int step_mounts(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    (void)agent;
    (void)setup;
    umask(0);
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        const struct place *place = &mounts[i];
        (void)mkdir(place->path, place->mode); /* fails where it is there, or where the kernel has made it */
        if (mount(place->type, place->path, place->type, place->flags, place->options) != 0) {
            bool without = strcmp(place->type, "cgroup2") == 0; /* a kernel without cgroups runs jobs, too */
            if (!without) {
                umask(022);
                return failed(failure, errno, "mounting %s", place->path);
            }
        }
    }
    (void)mkdir("/tmp", 01777);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        (void)symlink(links[i].target, links[i].path);
    }
    umask(022);
    return 0;
}

int step_cgroup(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    (void)setup;
    (void)failure;
    char probe[16];
    if (file_read(AT_FDCWD, "/sys/fs/cgroup/cgroup.procs", probe, sizeof probe)) {
        cgroup_setup(agent, "/sys/fs/cgroup");
    }
    return 0;
}
