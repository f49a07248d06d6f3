/* Small files of proc, sys and etc. */
#ifndef MAYFLY_FILES_H
#define MAYFLY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads at most size - 1 bytes and ends them with a NUL. directory may be AT_FDCWD. False on error. */
bool file_read(int directory, const char *path, char *text, size_t size);
/* Writes to a file that exists. False on error. */
bool file_write(int directory, const char *path, const char *text);
/* The number that follows a word at the beginning of a line, 0 when absent. */
uint64_t number_after(const char *text, const char *word);

#endif
