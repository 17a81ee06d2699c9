/* complain.h: what goes wrong, to stderr: the first 20 times. Any thread. */
#ifndef BENCH_LOAD_COMPLAIN_H
#define BENCH_LOAD_COMPLAIN_H

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For what makes a run impossible: says so and ends the process with 2. */
void give_up(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
