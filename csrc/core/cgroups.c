/* The quota of CPU time that Linux' cgroups give a process: cpu.max of version 2, cfs_quota_us and
 * cfs_period_us of version 1. A process is in one group of each hierarchy and shares the quota of
 * every group above, so the least of them holds. */
#include "core/cgroups.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rnncore.h"

enum { LINE = 4096, FIELD = 1024 };

static FILE *open_file(const char *folder, const char *name)
{
    char path[LINE];
    const int length = snprintf(path, sizeof path, "%s%s", folder, name);
    return length > 0 && length < LINE ? fopen(path, "r") : NULL;
}

/* Reads a line, and drops what does not fit; 0 at the end of the file. */
static int read_line(FILE *file, char line[LINE])
{
    if (fgets(line, LINE, file) == NULL) {
        return 0;
    }
    const size_t length = strcspn(line, "\n");
    for (int c = line[length]; c != '\n' && c != EOF;) {
        c = getc(file);
    }
    line[length] = '\0';
    return 1;
}

/* Whether `name` is an entry of a list with commas between. */
static int is_listed(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (;; list++) {
        const size_t entry = strcspn(list, ",");
        if (entry == length && strncmp(list, name, length) == 0) {
            return 1;
        }
        list += entry;
        if (*list == '\0') {
            return 0;
        }
    }
}

/* Numbers at the beginning of a file: how many of `a` and `b` it has. */
static int read_numbers(const char *folder, const char *name, long long *a, long long *b)
{
    FILE *file = open_file(folder, name);
    if (file == NULL) {
        return 0;
    }
    const int count = fscanf(file, "%lld %lld", a, b);
    fclose(file);
    return count;
}

/* The quota of one group in CPUs; 0: none. */
static double quota_of_group(const char *folder, int version)
{
    long long quota = 0, period = 0, unused;
    if (version == 2) {
        read_numbers(folder, "/cpu.max", &quota, &period);
    } else {
        read_numbers(folder, "/cpu.cfs_quota_us", &quota, &unused);
        read_numbers(folder, "/cpu.cfs_period_us", &period, &unused);
    }
    return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

/* The group of this process in a hierarchy, as /proc/self/cgroup has it: "0::PATH" for version 2,
 * "ID:CONTROLLERS:PATH" for version 1. */
static int find_group(const char *root, int version, char group[FIELD])
{
    char line[LINE], controllers[FIELD];
    int found = 0;
    FILE *file = open_file(root, "/proc/self/cgroup");
    while (!found && file != NULL && read_line(file, line)) {
        if (version == 2) {
            found = sscanf(line, "0::%1023[^\n]", group) == 1;
        } else {
            found = sscanf(line, "%*d:%1023[^:]:%1023[^\n]", controllers, group) == 2 &&
                    is_listed(controllers, "cpu");
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

/* Where the group is below a mount of its hierarchy that shows `top` and what is below. A group
 * that cannot be seen there, as in a container without a cgroup namespace, is the mount's own. */
static const char *below(const char *group, const char *top)
{
    const size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);
    const int inside =
        strncmp(group, top, length) == 0 && (group[length] == '/' || group[length] == '\0');
    return strstr(group, "/..") != NULL ? "" : inside ? group + length : group;
}

static double least(double a, double b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* The least quota from the group up to where its hierarchy is mounted. */
static double quota_of_mount(const char *root, const char *mount, const char *group, int version)
{
    char folder[LINE];
    double quota = 0;
    const size_t top = strlen(root) + strlen(mount);
    const int length = snprintf(folder, sizeof folder, "%s%s%s", root, mount, group);
    for (size_t end = length > 0 && length < LINE ? (size_t)length : 0; end >= top && end > 0;) {
        folder[end] = '\0';
        quota = least(quota, quota_of_group(folder, version));
        do {
            end--;
        } while (end > top && folder[end] != '/');
    }
    return quota;
}

double rnncore_cgroup_quota(const char *root)
{
    char line[LINE], top[FIELD], mount[FIELD], type[32], options[FIELD], group[FIELD];
    double quota = 0;
    FILE *file = open_file(root, "/proc/self/mountinfo");
    while (file != NULL && read_line(file, line)) {
        const char *rest = strstr(line, " - ");
        if (rest == NULL || sscanf(line, "%*s %*s %*s %1023s %1023s", top, mount) != 2 ||
            sscanf(rest, " - %31s %*s %1023s", type, options) != 2) {
            continue;
        }
        const int version = strcmp(type, "cgroup2") == 0 ? 2 : 1;
        if (version == 1 && (strcmp(type, "cgroup") != 0 || !is_listed(options, "cpu"))) {
            continue;
        }
        if (find_group(root, version, group)) {
            quota = least(quota, quota_of_mount(root, mount, below(group, top), version));
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return quota;
}

int rnncore_cpus_within(int cpus, double quota)
{
    return quota > 0 && quota < cpus ? (int)ceil(quota) : cpus;
}

int rnncore_usable_cpus(void)
{
    return rnncore_cpus_within(rnncore_schedulable_cpus(), rnncore_cpu_quota());
}

double rnncore_cpu_quota(void)
{
    return rnncore_cgroup_quota("");
}
