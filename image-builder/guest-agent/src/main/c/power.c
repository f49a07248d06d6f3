/* The end of the guest. */
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exec.h"
#include "link.h"
#include "process.h"

/* What cannot be killed or synced in this time is left to the host, which throws the disk away. */
#define DYING_MILLISECONDS 2000
#define SYNC_MILLISECONDS 5000
#define BYE_MILLISECONDS 500
#define PAUSE (2 * MILLISECOND)

static void pause_shortly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
}

/* Waits until all children, or only this one, are gone. */
static void wait_for(pid_t pid, unsigned milliseconds)
{
    uint64_t end = monotonic_now() + milliseconds * MILLISECOND;
    while (monotonic_now() < end) {
        pid_t got = waitpid(pid, NULL, WNOHANG);
        if (got < 0 || (got > 0 && pid > 0)) {
            return;
        }
        if (got == 0) {
            pause_shortly();
        }
    }
}

static void close_disk(const struct agent *agent)
{
    sync();
    (void)mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
    if (agent->scratch >= 0 && fchdir(agent->scratch) == 0
        && mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        (void)ioctl(agent->scratch, FIFREEZE, 0); /* also leaves a clean journal */
    }
    _exit(0);
}

void process_power_off(struct agent *agent)
{
    if (agent->stopping) {
        return;
    }
    agent->stopping = true;
    exec_kill_all(agent);
    struct writer *writer = &agent->link.outgoing;
    size_t place = frame_begin(writer, AGENT_BYE, 0);
    frame_end(writer, place);
    link_flush(agent, BYE_MILLISECONDS);
    if (!agent->guest) {
        return;
    }
    (void)kill(-1, SIGKILL);
    wait_for(-1, DYING_MILLISECONDS);
    pid_t syncing = fork(); /* a child, because a sync may hang and we must not */
    if (syncing == 0) {
        close_disk(agent);
    } else if (syncing > 0) {
        wait_for(syncing, SYNC_MILLISECONDS);
    }
    /* With reboot=t the kernel resets by triple fault, and the VMM, started with -no-reboot, ends. */
    (void)reboot(RB_AUTOBOOT);
}
