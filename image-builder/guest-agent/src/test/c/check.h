/* The little that tests in C need: a failing check says where and aborts the run. */
#ifndef MAYFLY_CHECK_H
#define MAYFLY_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition); \
            abort(); \
        } \
    } while (0)

struct test {
    const char *name;
    void (*run)(void);
};

#define TEST(function) {#function, function}

static inline void run_tests(const char *suite, const struct test *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "  %s: %s\n", suite, tests[i].name);
        tests[i].run();
    }
}

#endif
