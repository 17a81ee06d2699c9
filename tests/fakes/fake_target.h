/*
 * fake_target.h: all that sessions need below them, in a process that lives for them alone: a
 * crew of one worker that is turned by hand, and one published target with units over one
 * store.
 *
 * For fuzzers and measurements; what fails ends the process. Nothing is ever freed.
 */
#ifndef TESTS_FAKE_TARGET_H
#define TESTS_FAKE_TARGET_H

#include "catalog/catalog.h"

#define FAKE_TARGET "iqn.2026-01.example:disk"

struct lun;
struct store_config;

/*
 * Makes the crew and the target, which is open to all, and enters the worker. Once. MODES are
 * those of the logical unit (enum lun_mode), which the target shows under COUNT numbers, 300
 * apart from 0 on. Only errors are logged from then on.
 */
struct lun *fake_target_open(const struct store_config *store, unsigned modes,
                             const struct target_parameters *parameters, unsigned count);

/* Turns the worker and main until nothing is left to do. */
void fake_target_settle(void);

#endif
