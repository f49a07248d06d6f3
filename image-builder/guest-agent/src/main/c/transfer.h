/* Files in and out of the guest as tar archives; runs in a child of the agent, as the user of the exec. */
#ifndef MAYFLY_TRANSFER_H
#define MAYFLY_TRANSFER_H

#include <stdbool.h>

/* Exit codes of both. */
enum transfer_end {
    TRANSFER_GOOD = 0,
    TRANSFER_FAILED = 1,  /* the file system refused, or not all of it could be packed */
    TRANSFER_REFUSED = 2, /* the archive or the path is wrong */
};

/* Reads an archive and puts it below the directory, which is made where absent; never writes elsewhere. */
enum transfer_end unpack(int in, int errors, const char *directory);
/* Writes an archive of what is at the path, under its last name. */
enum transfer_end pack(const char *path, int out, int errors);

/* One line about a path, whose odd characters are not written. */
void transfer_say(int errors, const char *who, const char *path, const char *what);

#endif
