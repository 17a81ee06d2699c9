/* watch.c: /proc/PID/stat and status, /proc/stat. */
#include "bench/load/watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/load/settings.h"

static void
add_times(struct watch *w, pid_t pid)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);
    unsigned long long user, kernel;
    char path[64], text[1024];
    const char *after;
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (f == NULL)
        return;
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    after = strrchr(text, ')'); /* the name may hold anything */
    if (after == NULL ||
        sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
               &kernel) != 2)
        return;
    w->user += (double)user / ticks;
    w->system += (double)kernel / ticks;
}

static void
add_status(struct watch *w, pid_t pid)
{
    char path[64], line[256];
    unsigned long long value;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "VmRSS: %llu", &value) == 1)
            w->rss_kib += value;
        else if (sscanf(line, "Threads: %llu", &value) == 1)
            w->threads += value;
    }
    fclose(f);
}

static double
own_seconds(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void
look_at_machine(struct watch *w)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);
    unsigned long long user, nice, kernel, irq, softirq, steal;
    FILE *f = fopen("/proc/stat", "r");
    int n;

    if (f == NULL)
        return;
    n = fscanf(f, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &kernel, &irq,
               &softirq, &steal);
    fclose(f);
    if (n != 6)
        return;
    w->stolen = (double)steal / ticks;
    w->others = (double)(user + nice + kernel + irq + softirq) / ticks - own_seconds() -
                w->user - w->system;
}

void
watch_look(struct watch *w, const struct settings *settings)
{
    memset(w, 0, sizeof *w);
    for (unsigned i = 0; i < settings->pid_count; i++) {
        add_times(w, settings->pids[i]);
        add_status(w, settings->pids[i]);
    }
    look_at_machine(w);
}

struct watch_span
watch_between(const struct watch *from, const struct watch *to)
{
    return (struct watch_span){
        .user = to->user - from->user,
        .system = to->system - from->system,
        .others = to->others > from->others ? to->others - from->others : 0,
        .stolen = to->stolen - from->stolen,
        .rss_before_kib = from->rss_kib,
        .rss_kib = to->rss_kib,
        .threads = to->threads,
    };
}
