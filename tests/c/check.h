/* What every C test needs: CHECK(condition) counts and goes on, check_report() closes main. */
#ifndef RNNCORE_TESTS_CHECK_H
#define RNNCORE_TESTS_CHECK_H

#include <stdatomic.h>
#include <stdio.h>

static atomic_long check_passed, check_failed;

static inline int check_one(int ok, const char *text, const char *file, int line)
{
    if (ok) {
        atomic_fetch_add(&check_passed, 1);
    } else {
        atomic_fetch_add(&check_failed, 1);
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    }
    return ok;
}

/* Any thread may use it. The value is that of the condition, as 0 or 1. */
#define CHECK(condition) check_one((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* Prints "N passed, N failed"; returns what main should. */
static inline int check_report(void)
{
    printf("%ld passed, %ld failed\n", atomic_load(&check_passed), atomic_load(&check_failed));
    return atomic_load(&check_failed) != 0;
}

#endif
