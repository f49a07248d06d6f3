#include "transfer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SAID_LIMIT 300

void transfer_say(int errors, const char *who, const char *path, const char *what)
{
    char name[SAID_LIMIT + 1], line[SAID_LIMIT + 300];
    size_t length = strlen(path), shown = length < SAID_LIMIT ? length : SAID_LIMIT;
    for (size_t i = 0; i < shown; i++) {
        bool odd = (unsigned char)path[i] < ' ' || path[i] == 0x7F;
        name[i] = odd ? '?' : path[i];
    }
    name[shown] = '\0';
    int size = snprintf(line, sizeof line, "mayfly %s: %s%s%s%.200s\n", who, name, shown < length ? "..." : "",
        length > 0 ? ": " : "", what);
    ssize_t written = write(errors, line, size < (int)sizeof line ? (size_t)size : sizeof line - 1);
    (void)written;
}
