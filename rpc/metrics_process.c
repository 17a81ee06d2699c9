/* metrics_process.c: the figures that Prometheus' own clients tell of every process. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rpc/metrics.h"
#include "rpc/metrics_text.h"

static void
memory_and_times(struct metrics_text *t)
{
    unsigned long long user = 0, system = 0, started = 0, virtual = 0, resident = 0;
    const uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    long threads = 0;
    char line[1024];
    const char *rest;
    FILE *f = fopen("/proc/self/stat", "re");

    if (f == NULL)
        return;
    rest = fgets(line, sizeof line, f) != NULL ? strrchr(line, ')') : NULL;
    fclose(f);
    /* proc(5): from the third field on, which follows the name in parentheses. */
    if (rest == NULL ||
        sscanf(rest,
               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %ld"
               " %*d %llu %llu %llu",
               &user, &system, &threads, &started, &virtual, &resident) != 6)
        return;
    (void)started;
    metrics_family(t, "process_cpu_seconds_total", "counter",
                   "CPU time of all threads, in seconds.");
    metrics_seconds(t, "", (user + system) * 1000000 / ticks);
    metrics_family(t, "process_resident_memory_bytes", "gauge", "Resident memory, in bytes.");
    metrics_number(t, "", resident * (uint64_t)sysconf(_SC_PAGESIZE));
    metrics_family(t, "process_virtual_memory_bytes", "gauge", "Address space, in bytes.");
    metrics_number(t, "", virtual);
    metrics_family(t, "process_threads", "gauge", "Threads.");
    metrics_number(t, "", (uint64_t)threads);
}

static void
descriptors(struct metrics_text *t)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    struct rlimit limit;
    uint64_t n = 0;

    if (folder != NULL) {
        while ((entry = readdir(folder)) != NULL)
            n += entry->d_name[0] != '.';
        closedir(folder);
        metrics_family(t, "process_open_fds", "gauge", "Open file descriptors.");
        metrics_number(t, "", n > 0 ? n - 1 : 0); /* one was the folder */
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        metrics_family(t, "process_max_fds", "gauge", "Most file descriptors it may open.");
        metrics_number(t, "", limit.rlim_cur);
    }
}

void
metrics_process(struct metrics_text *t)
{
    memory_and_times(t);
    descriptors(t);
}
