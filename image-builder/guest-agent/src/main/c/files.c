#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool file_read(int directory, const char *path, char *text, size_t size)
{
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t length = 0;
    ssize_t got;
    while (length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0) {
        length += (size_t)got;
    }
    close(fd);
    text[length] = '\0';
    return true;
}

bool file_write(int directory, const char *path, const char *text)
{
    int fd = openat(directory, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t length = strlen(text);
    bool good = write(fd, text, length) == (ssize_t)length;
    int error = errno;
    close(fd);
    errno = error;
    return good;
}

uint64_t number_after(const char *text, const char *word)
{
    size_t length = strlen(word);
    while (text != NULL && *text != '\0') {
        if (strncmp(text, word, length) == 0 && (text[length] == ' ' || text[length] == ':')) {
            return strtoull(text + length + 1, NULL, 10);
        }
        text = strchr(text, '\n');
        text = text == NULL ? NULL : text + 1;
    }
    return 0;
}
