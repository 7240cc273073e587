/* The quota of cgroups, in trees of files as Linux shows them. */
#define _GNU_SOURCE /* mkdtemp */
#include "core/cgroups.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "rnncore.h"

typedef struct entry {
    const char *path, *text;
} entry;

static void write_file(const char *root, const entry *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", root, file->path);
    for (char *c = path + strlen(root) + 1; (c = strchr(c, '/')) != NULL; c++) {
        *c = '\0';
        mkdir(path, 0700);
        *c = '/';
    }
    FILE *out = fopen(path, "w");
    if (CHECK(out != NULL)) {
        fputs(file->text, out);
        fclose(out);
    }
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
    (void)stat;
    (void)type;
    (void)walk;
    return remove(path);
}

/* The quota that is found in these files, up to one without a path. */
static double quota_in(const entry *files)
{
    char root[] = "/tmp/rnncore-cgroups-XXXXXX";
    if (!CHECK(mkdtemp(root) != NULL)) {
        return -1;
    }
    for (; files->path != NULL; files++) {
        write_file(root, files);
    }
    const double quota = rnncore_cgroup_quota(root);
    nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return quota;
}

#define QUOTA(...) quota_in((const entry[]){__VA_ARGS__, {NULL, NULL}})
#define GROUPS(text) {"/proc/self/cgroup", text}
#define MOUNTS(text) {"/proc/self/mountinfo", text}
#define MOUNT_2 "35 28 0:31 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"

static void test_version_2(void)
{
    CHECK(QUOTA({"/empty", ""}) == 0);
    CHECK(QUOTA(GROUPS("0::/\n"), MOUNTS(MOUNT_2)) == 0);
    CHECK(QUOTA(GROUPS("0::/\n"), MOUNTS(MOUNT_2), {"/sys/fs/cgroup/cpu.max", "150000 100000\n"}) ==
          1.5);
    CHECK(QUOTA(GROUPS("0::/a/b\n"), MOUNTS(MOUNT_2),
                {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"}) == 0);
    CHECK(QUOTA(GROUPS("0::/a/b\n"), MOUNTS(MOUNT_2), /* another group's */
                {"/sys/fs/cgroup/a/c/cpu.max", "100000 100000\n"}) == 0);
}

static void test_nested_groups(void)
{
    const entry above = {"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"};
    CHECK(QUOTA(GROUPS("0::/a/b\n"), MOUNTS(MOUNT_2), above,
                {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"}) == 3);
    CHECK(QUOTA(GROUPS("0::/a/b\n"), MOUNTS(MOUNT_2), above,
                {"/sys/fs/cgroup/a/b/cpu.max", "25000 50000\n"}) == 0.5);
    CHECK(QUOTA(GROUPS("0::/a/b\n"), MOUNTS(MOUNT_2), above,
                {"/sys/fs/cgroup/a/b/cpu.max", "900000 100000\n"}) == 3);
}

#define MOUNT_1(top)                                                                               \
    "33 31 0:30 " top " /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"                      \
    "34 31 0:31 " top " /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpuacct,cpu\n"

static void test_version_1(void)
{
    const char *const groups = "5:cpuset:/other\n4:cpuacct,cpu:/docker/x/y\n0::/\n";
    const entry quota = {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n"};
    const entry period = {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"};
    const entry nested = {"/sys/fs/cgroup/cpu/y/cpu.cfs_quota_us", "10000\n"};
    const entry nested_period = {"/sys/fs/cgroup/cpu/y/cpu.cfs_period_us", "20000\n"};
    CHECK(QUOTA(GROUPS(groups), MOUNTS(MOUNT_1("/")), quota, period) == 2); /* not to be seen */
    CHECK(QUOTA(GROUPS(groups), MOUNTS(MOUNT_1("/docker/x")), quota, period, nested,
                nested_period) == 0.5);
    CHECK(QUOTA(GROUPS(groups), MOUNTS(MOUNT_1("/")), period,
                {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"}) == 0);
    CHECK(QUOTA(GROUPS("4:cpuset:/\n"), MOUNTS(MOUNT_1("/")), quota, period) == 0);
}

static void test_odd_files(void)
{
    char mounts[8192];
    memset(mounts, 'x', sizeof mounts); /* an overlay of many layers has such a line */
    strcpy(mounts + 6000, "\n" MOUNT_2);
    CHECK(QUOTA(GROUPS("0::/\n"), MOUNTS(mounts), {"/sys/fs/cgroup/cpu.max", "1 2"}) == 0.5);
    CHECK(QUOTA(GROUPS("0::/../up\n"), MOUNTS(MOUNT_2), {"/sys/fs/cgroup/cpu.max", "1 2"}) == 0.5);
    CHECK(QUOTA(GROUPS("0::/\n"), MOUNTS(MOUNT_2), {"/sys/fs/cgroup/cpu.max", "?"}) == 0);
    CHECK(QUOTA(GROUPS("0::/\n"), MOUNTS(MOUNT_2), {"/sys/fs/cgroup/cpu.max", "100 0"}) == 0);
}

static void test_default_threads(void)
{
    CHECK(rnncore_cpus_within(64, 0) == 64);
    CHECK(rnncore_cpus_within(64, 2) == 2);
    CHECK(rnncore_cpus_within(64, 1.5) == 2);
    CHECK(rnncore_cpus_within(64, 0.1) == 1);
    CHECK(rnncore_cpus_within(2, 7.5) == 2);
    CHECK(rnncore_cpus_within(2, 1e300) == 2);
    CHECK(rnncore_usable_cpus() >= 1 && rnncore_usable_cpus() <= rnncore_schedulable_cpus());
    CHECK(rnncore_usable_cpus() ==
          rnncore_cpus_within(rnncore_schedulable_cpus(), rnncore_cpu_quota()));
}

int main(void)
{
    test_version_2();
    test_nested_groups();
    test_version_1();
    test_odd_files();
    test_default_threads();
    return check_report();
}
