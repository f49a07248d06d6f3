/* Users and groups of the guest's own /etc/passwd and /etc/group, which a job may have written. */
#ifndef MAYFLY_USERS_H
#define MAYFLY_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define GROUP_LIMIT 256
#define NAME_BYTES 256
#define HOME_BYTES 1024

struct identity {
    uid_t uid;
    gid_t gid;
    gid_t groups[GROUP_LIMIT];
    size_t group_count;
    bool known; /* has an entry in /etc/passwd: name and home are its */
    char name[NAME_BYTES];
    char home[HOME_BYTES];
};

/*
 * Resolves "name", "uid", "uid:gid" or "" (root). A uid without an entry has group 0, as in containers; with an explicit
 * gid there are no supplementary groups. False: no such user. May block when a job replaced the files: call in a child only.
 */
bool identity_resolve(struct identity *identity, const char *user, const char *passwd, const char *group);

#endif
