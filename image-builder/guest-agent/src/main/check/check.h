/* The conformance list: what programs expect of a machine, asked of the kernel itself and not of the image's tools. */
#ifndef MAYFLY_CHECK_H
#define MAYFLY_CHECK_H

#include <stdint.h>
#include <stdnoreturn.h>

/* Both end the check, which runs in a process of its own. */
noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Fails with the text and the errno's meaning when the value is negative, else returns it. */
int must(int value, const char *what);

/* The host's clock as it was told, seconds since 1970; 0 when it was not. */
extern int64_t host_time;

/* A mount namespace of the check's own, so that nothing it mounts is seen elsewhere or stays. */
void own_mounts(void);
void write_file(const char *path, const char *text);
void read_file(const char *path, char *text, unsigned size);

/* Each begins in an empty directory of its own; returning is passing. */
void check_mount_tmpfs(void);
void check_mount_bind(void);
void check_mount_proc(void);
void check_cgroup_controllers(void);
void check_cgroup_pids(void);
void check_cgroup_memory(void);
void check_namespace_user(void);
void check_namespace_pid(void);
void check_namespace_net(void);
void check_namespace_mount(void);
void check_namespace_uts(void);
void check_namespace_ipc(void);
void check_overlay(void);
void check_loop(void);
void check_tun(void);
void check_fuse(void);
void check_pty(void);
void check_nft(void);
void check_iptables(void);
void check_bridge(void);
void check_dns(void);
void check_clock(void);
void check_monotonic(void);
void check_entropy(void);
void check_large_file(void);
void check_small_files(void);
void check_shared_memory(void);
void check_memfd(void);
void check_io_uring(void);
void check_unix_socket(void);
void check_setuid(void);
void check_links(void);
void check_xattr(void);

/* How the program starts itself as another user, for the setuid bit. */
#define SHOW_EFFECTIVE_USER "--effective-user-is-root"

#endif
