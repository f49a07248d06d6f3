#ifndef MAYFLY_TEST_FUZZ_H
#define MAYFLY_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_INPUT_LIMIT (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
