/* How many CPUs this process may use: those that it may be scheduled on, as far as the quota of its
 * cgroups (containers, batch systems) lets it use them. */
#ifndef RNNCORE_CORE_CGROUPS_H
#define RNNCORE_CORE_CGROUPS_H

/* CPUs that this process may use at the same time, at least 1. */
int rnncore_usable_cpus(void);

/* `cpus` bounded by a quota, which is rounded up; 0: no quota. */
int rnncore_cpus_within(int cpus, double quota);

/* The quota in CPUs, 0 where there is none. `root` stands before every path that is read: "" but in
 * tests. */
double rnncore_cgroup_quota(const char *root);

#endif
