/* test_pr.c: persistent reservations as rows: who does what with which keys, what comes of it,
 * who is told, and what is there afterwards. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "scsi/pr.h"
#include "suites.h"

/* Short names for the rows. */
enum {
    REGISTER = PR_REGISTER,
    RESERVE = PR_RESERVE,
    RELEASE = PR_RELEASE,
    CLEAR = PR_CLEAR,
    PREEMPT = PR_PREEMPT,
    ABORT = PR_PREEMPT_AND_ABORT,
    IGNORE = PR_REGISTER_AND_IGNORE,
    WE = PR_WRITE_EXCLUSIVE,
    EA = PR_EXCLUSIVE_ACCESS,
    WERO = PR_WRITE_EXCLUSIVE_REGISTRANTS_ONLY,
    EARO = PR_EXCLUSIVE_ACCESS_REGISTRANTS_ONLY,
    WEAR = PR_WRITE_EXCLUSIVE_ALL_REGISTRANTS,
    EAAR = PR_EXCLUSIVE_ACCESS_ALL_REGISTRANTS,
};

static const char *const outcomes[] = {
    [PR_GOOD] = "good",
    [PR_CONFLICT] = "conflict",
    [PR_INVALID_SCOPE] = "scope",
    [PR_INVALID_TYPE] = "type",
    [PR_NOTHING_TO_MOVE] = "nothing to move",
    [PR_INVALID_KEY] = "key",
    [PR_INVALID_SPEC] = "spec_i_pt",
    [PR_INVALID_NEXUS] = "nexus",
    [PR_INVALID_RELEASE] = "release",
    [PR_NO_RESOURCES] = "no resources",
};

static const char *const type_names[] = {
    [PR_NONE] = "none", [WE] = "WE",     [EA] = "EA",     [WERO] = "WERO",
    [EARO] = "EARO",    [WEAR] = "WEAR", [EAAR] = "EAAR",
};

/* 'A' to 'Z' by port 1; 'a' is the initiator port of 'A' at target port 2. */
static struct pr_nexus
nexus(char who)
{
    struct pr_nexus ret = {.target_port_id = who >= 'a' ? 2 : 1};

    snprintf(ret.initiator_port, sizeof ret.initiator_port,
             "iqn.2026-11.org.example:%c,i,0x00023d000001", who >= 'a' ? who - 32 : who);
    snprintf(ret.target_port, sizeof ret.target_port, "iqn.2026-11.org.example:t,t,0x%04x",
             ret.target_port_id);
    return ret;
}

static char
letter(const struct pr_nexus *nexus)
{
    char who = *(strchr(nexus->initiator_port, ':') + 1);

    return (char)(nexus->target_port_id == 2 ? who + 32 : who);
}

/* "A1* B2 WERO g3": registrations with their keys, holders marked; type; generation. */
static const char *
describe(const struct pr_state *state)
{
    static char text[256];
    size_t n = 0;

    for (size_t i = 0; i < state->count; i++)
        n += (size_t)snprintf(
            text + n, sizeof text - n, "%c%llx%s ", letter(&state->registrations[i].nexus),
            (unsigned long long)state->registrations[i].key, pr_is_holder(state, i) ? "*" : "");
    snprintf(text + n, sizeof text - n, "%s g%u%s", type_names[state->type], state->generation,
             state->aptpl ? " aptpl" : "");
    return text;
}

/* "B released, C preempted": what CHANGE does to those of OLD. */
static const char *
effects(const struct pr_state *old, const struct pr_change *change)
{
    static const struct {
        enum pr_effect effect;
        const char *name;
    } names[] = {
        {PR_TELL_RESERVATIONS_RELEASED, "released"},
        {PR_TELL_RESERVATIONS_PREEMPTED, "preempted"},
        {PR_TELL_REGISTRATIONS_PREEMPTED, "unregistered"},
        {PR_ABORT_COMMANDS, "aborted"},
    };
    static char text[256];
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < old->count; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
            if (change->effects[i] & names[j].effect)
                n += (size_t)snprintf(text + n, sizeof text - n, "%s%c %s", n > 0 ? ", " : "",
                                      letter(&old->registrations[i].nexus), names[j].name);
    return text;
}

/* Applies R; what it does is checked, and *STATE is what it is afterwards. */
static void
apply(struct pr_state *state, const struct pr_request *r, const char *outcome,
      const char *wanted_effects)
{
    struct pr_change change;
    enum pr_outcome got = pr_apply(state, r, &change);

    ck_assert_str_eq(outcomes[got], outcome);
    ck_assert_str_eq(effects(state, &change), wanted_effects);
    if (change.is_different)
        pr_state_move(state, &change.next);
    ck_assert_uint_eq(change.next.count, 0);
    ck_assert_ptr_null(change.next.registrations);
}

struct row {
    char who;
    int action;
    uint64_t key, new_key;
    int type; /* with 0x10 added for each unit of scope */
    const char *outcome, *effects, *state;
};

/* clang-format off */
static const struct row registering[] = {
    {'A', REGISTER, 0, 0, 0,   "good", "", "none g0"},
    {'A', IGNORE, 7, 0, 0,     "good", "", "none g0"},
    {'A', REGISTER, 7, 1, 0,   "conflict", "", "none g0"},
    {'A', REGISTER, 0, 1, 0,   "good", "", "A1 none g1"},
    {'A', REGISTER, 0, 1, 0,   "conflict", "", "A1 none g1"},
    {'A', REGISTER, 2, 3, 0,   "conflict", "", "A1 none g1"},
    {'A', REGISTER, 1, 1, 0,   "good", "", "A1 none g2"},
    {'A', REGISTER, 1, 3, 0xff, "good", "", "A3 none g3"},
    {'B', IGNORE, 9, 3, 0,     "good", "", "A3 B3 none g4"},
    {'B', IGNORE, 9, 4, 0,     "good", "", "A3 B4 none g5"},
    {'A', REGISTER, 2, 0, 0,   "conflict", "", "A3 B4 none g5"},
    {'A', REGISTER, 3, 0, 0,   "good", "", "B4 none g6"},
    {'B', IGNORE, 9, 0, 0,     "good", "", "none g7"},
};

static const struct row reserving[] = {
    {'A', RESERVE, 0, 0, WE,    "conflict", "", "none g0"},
    {'A', REGISTER, 0, 1, 0,    "good", "", "A1 none g1"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1 B2 none g2"},
    {'A', RESERVE, 2, 0, WE,    "conflict", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, 0x11,  "scope", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, 0,     "type", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, 2,     "type", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, 4,     "type", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, 9,     "type", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, 15,    "type", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 9, WE,    "good", "", "A1* B2 WE g2"},
    {'A', RESERVE, 1, 0, WE,    "good", "", "A1* B2 WE g2"},
    {'A', RESERVE, 1, 0, EA,    "conflict", "", "A1* B2 WE g2"},
    {'B', RESERVE, 2, 0, WE,    "conflict", "", "A1* B2 WE g2"},
    {'C', RESERVE, 1, 0, WE,    "conflict", "", "A1* B2 WE g2"},
    /* A change of the key changes nothing else. */
    {'A', REGISTER, 1, 5, 0,    "good", "", "A5* B2 WE g3"},
    {'A', IGNORE, 0, 6, 0,      "good", "", "A6* B2 WE g4"},
};

static const struct row releasing[] = {
    {'A', REGISTER, 0, 1, 0,    "good", "", "A1 none g1"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1 B2 none g2"},
    {'C', RELEASE, 0, 0, WE,    "conflict", "", "A1 B2 none g2"},
    {'A', RELEASE, 9, 0, WE,    "conflict", "", "A1 B2 none g2"},
    {'A', RELEASE, 1, 0, WE,    "good", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, WE,    "good", "", "A1* B2 WE g2"},
    {'B', RELEASE, 2, 0, WE,    "good", "", "A1* B2 WE g2"},
    {'B', RELEASE, 2, 0, EA,    "good", "", "A1* B2 WE g2"},
    {'A', RELEASE, 1, 0, EA,    "release", "", "A1* B2 WE g2"},
    {'A', RELEASE, 1, 0, 0x11,  "scope", "", "A1* B2 WE g2"},
    {'A', RELEASE, 1, 0, WE,    "good", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, EA,    "good", "", "A1* B2 EA g2"},
    {'A', RELEASE, 1, 0, EA,    "good", "", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, WERO,  "good", "", "A1* B2 WERO g2"},
    {'A', RELEASE, 1, 0, WERO,  "good", "B released", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, EARO,  "good", "", "A1* B2 EARO g2"},
    {'A', RELEASE, 1, 0, EARO,  "good", "B released", "A1 B2 none g2"},
    {'A', RESERVE, 1, 0, WEAR,  "good", "", "A1* B2* WEAR g2"},
    {'B', RELEASE, 2, 0, EAAR,  "release", "", "A1* B2* WEAR g2"},
    {'B', RELEASE, 2, 0, WEAR,  "good", "A released", "A1 B2 none g2"},
    {'B', RESERVE, 2, 0, EAAR,  "good", "", "A1* B2* EAAR g2"},
    {'A', RESERVE, 1, 0, EAAR,  "good", "", "A1* B2* EAAR g2"},
    {'A', RELEASE, 1, 0, EAAR,  "good", "B released", "A1 B2 none g2"},
};

static const struct row unregistering[] = {
    {'A', REGISTER, 0, 1, 0,    "good", "", "A1 none g1"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1 B2 none g2"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1 B2 C3 none g3"},
    {'A', RESERVE, 1, 0, WERO,  "good", "", "A1* B2 C3 WERO g3"},
    /* Another than the holder: nothing is released. */
    {'C', REGISTER, 3, 0, 0,    "good", "", "A1* B2 WERO g4"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1* B2 C3 WERO g5"},
    {'A', REGISTER, 1, 0, 0,    "good", "B released, C released", "B2 C3 none g6"},
    {'A', REGISTER, 0, 1, 0,    "good", "", "B2 C3 A1 none g7"},
    {'A', RESERVE, 1, 0, EARO,  "good", "", "B2 C3 A1* EARO g7"},
    {'A', IGNORE, 0, 0, 0,      "good", "B released, C released", "B2 C3 none g8"},
    {'B', RESERVE, 2, 0, WE,    "good", "", "B2* C3 WE g8"},
    {'B', REGISTER, 2, 0, 0,    "good", "", "C3 none g9"},
    {'C', RESERVE, 3, 0, EA,    "good", "", "C3* EA g9"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "C3* B2 EA g10"},
    {'C', REGISTER, 3, 0, 0,    "good", "", "B2 none g11"},
    /* All registrants: the last one takes the reservation with it. */
    {'B', RESERVE, 2, 0, WEAR,  "good", "", "B2* WEAR g11"},
    {'A', REGISTER, 0, 1, 0,    "good", "", "B2* A1* WEAR g12"},
    {'B', REGISTER, 2, 0, 0,    "good", "", "A1* WEAR g13"},
    {'A', REGISTER, 1, 0, 0,    "good", "", "none g14"},
};

static const struct row clearing[] = {
    {'A', REGISTER, 0, 1, 0,    "good", "", "A1 none g1"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1 B2 none g2"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1 B2 C3 none g3"},
    {'A', RESERVE, 1, 0, EA,    "good", "", "A1* B2 C3 EA g3"},
    {'D', CLEAR, 0, 0, 0,       "conflict", "", "A1* B2 C3 EA g3"},
    {'B', CLEAR, 1, 0, 0,       "conflict", "", "A1* B2 C3 EA g3"},
    {'B', CLEAR, 2, 9, 0xff,    "good", "A preempted, C preempted", "none g4"},
    {'B', CLEAR, 2, 0, 0,       "conflict", "", "none g4"},
};

static const struct row preempting[] = {
    {'A', REGISTER, 0, 1, 0,    "good", "", "A1 none g1"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1 B2 none g2"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1 B2 C3 none g3"},
    {'D', REGISTER, 0, 3, 0,    "good", "", "A1 B2 C3 D3 none g4"},
    {'E', PREEMPT, 0, 3, WE,    "conflict", "", "A1 B2 C3 D3 none g4"},
    {'A', PREEMPT, 9, 3, WE,    "conflict", "", "A1 B2 C3 D3 none g4"},
    {'A', PREEMPT, 1, 0, WE,    "key", "", "A1 B2 C3 D3 none g4"},
    {'A', PREEMPT, 1, 9, WE,    "conflict", "", "A1 B2 C3 D3 none g4"},
    /* Nothing reserved: registrations go, scope and type are ignored. */
    {'A', PREEMPT, 1, 3, 0xff,  "good", "C unregistered, D unregistered", "A1 B2 none g5"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1 B2 C3 none g6"},
    {'B', RESERVE, 2, 0, WERO,  "good", "", "A1 B2* C3 WERO g6"},
    /* Another than the holder goes; the reservation stays. */
    {'A', PREEMPT, 1, 3, EA,    "good", "C unregistered", "A1 B2* WERO g7"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1 B2* C3 WERO g8"},
    {'A', PREEMPT, 1, 0, WERO,  "key", "", "A1 B2* C3 WERO g8"},
    {'A', PREEMPT, 1, 2, 0x15,  "scope", "", "A1 B2* C3 WERO g8"},
    {'A', PREEMPT, 1, 2, 2,     "type", "", "A1 B2* C3 WERO g8"},
    /* The holder goes; same type: the bystander need not know. */
    {'A', PREEMPT, 1, 2, WERO,  "good", "B unregistered", "A1* C3 WERO g9"},
    /* Another type: it must. */
    {'C', PREEMPT, 3, 1, EARO,  "good", "A unregistered", "C3* EARO g10"},
    {'A', REGISTER, 0, 1, 0,    "good", "", "C3* A1 EARO g11"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "C3* A1 B2 EARO g12"},
    {'A', PREEMPT, 1, 3, WE,    "good", "C unregistered, B released", "A1* B2 WE g13"},
    /* Itself: it stays registered. */
    {'A', PREEMPT, 1, 1, EA,    "good", "B released", "A1* B2 EA g14"},
    {'A', PREEMPT, 1, 1, EA,    "good", "", "A1* B2 EA g15"},
    /* Its own key while it does not hold: its registration goes, and nobody is told. */
    {'B', PREEMPT, 2, 2, EA,    "good", "", "A1* EA g16"},
};

static const struct row preempting_own_key_of_many[] = {
    {'A', REGISTER, 0, 7, 0,    "good", "", "A7 none g1"},
    {'B', REGISTER, 0, 7, 0,    "good", "", "A7 B7 none g2"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A7 B7 C3 none g3"},
    {'A', RESERVE, 7, 0, WERO,  "good", "", "A7* B7 C3 WERO g3"},
    /* B has the holder's key, is not the holder, and takes it over. */
    {'B', PREEMPT, 7, 7, WERO,  "good", "A unregistered", "B7* C3 WERO g4"},
    {'A', REGISTER, 0, 7, 0,    "good", "", "B7* C3 A7 WERO g5"},
    {'B', ABORT, 7, 7, WERO,    "good", "B aborted, A unregistered, A aborted", "B7* C3 WERO g6"},
};

static const struct row preempting_all_registrants[] = {
    {'A', REGISTER, 0, 1, 0,    "good", "", "A1 none g1"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1 B2 none g2"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1 B2 C3 none g3"},
    {'A', RESERVE, 1, 0, WEAR,  "good", "", "A1* B2* C3* WEAR g3"},
    /* A key: only registrations go. */
    {'A', PREEMPT, 1, 2, EA,    "good", "B unregistered", "A1* C3* WEAR g4"},
    {'A', PREEMPT, 1, 9, EA,    "conflict", "", "A1* C3* WEAR g4"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1* C3* B2* WEAR g5"},
    {'C', PREEMPT, 3, 0, 2,     "type", "", "A1* C3* B2* WEAR g5"},
    /* Key 0: all others go, and it holds alone. */
    {'C', PREEMPT, 3, 0, EAAR,  "good", "A unregistered, B unregistered", "C3* EAAR g6"},
    {'A', REGISTER, 0, 1, 0,    "good", "", "C3* A1* EAAR g7"},
    {'A', PREEMPT, 1, 0, WE,    "good", "C unregistered", "A1* WE g8"},
    {'A', RELEASE, 1, 0, WE,    "good", "", "A1 none g8"},
    {'A', RESERVE, 1, 0, EAAR,  "good", "", "A1* EAAR g8"},
    /* The last one by its own key: nobody is left to hold it. */
    {'A', PREEMPT, 1, 1, EAAR,  "good", "", "none g9"},
};

static const struct row preempting_and_aborting[] = {
    {'A', REGISTER, 0, 1, 0,    "good", "", "A1 none g1"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1 B2 none g2"},
    {'C', REGISTER, 0, 2, 0,    "good", "", "A1 B2 C2 none g3"},
    {'D', REGISTER, 0, 4, 0,    "good", "", "A1 B2 C2 D4 none g4"},
    {'B', RESERVE, 2, 0, WERO,  "good", "", "A1 B2* C2 D4 WERO g4"},
    {'A', ABORT, 1, 0, WERO,    "key", "", "A1 B2* C2 D4 WERO g4"},
    {'A', ABORT, 1, 9, WERO,    "conflict", "", "A1 B2* C2 D4 WERO g4"},
    {'E', ABORT, 0, 2, WERO,    "conflict", "", "A1 B2* C2 D4 WERO g4"},
    {'A', ABORT, 1, 2, WERO,    "good",
     "B unregistered, B aborted, C unregistered, C aborted", "A1* D4 WERO g5"},
    {'A', ABORT, 1, 4, WERO,    "good", "D unregistered, D aborted", "A1* WERO g6"},
    {'A', ABORT, 1, 1, EAAR,    "good", "A aborted", "A1* EAAR g7"},
    {'B', REGISTER, 0, 2, 0,    "good", "", "A1* B2* EAAR g8"},
    {'C', REGISTER, 0, 3, 0,    "good", "", "A1* B2* C3* EAAR g9"},
    {'B', ABORT, 2, 0, EARO,    "good",
     "A unregistered, A aborted, B aborted, C unregistered, C aborted", "B2* EARO g10"},
};
/* clang-format on */

static const struct {
    const struct row *rows;
    size_t count;
} sequences[] = {
#define SEQUENCE(rows)                      \
    {                                       \
        rows, sizeof rows / sizeof(rows)[0] \
    }
    SEQUENCE(registering),
    SEQUENCE(reserving),
    SEQUENCE(releasing),
    SEQUENCE(unregistering),
    SEQUENCE(clearing),
    SEQUENCE(preempting),
    SEQUENCE(preempting_own_key_of_many),
    SEQUENCE(preempting_all_registrants),
    SEQUENCE(preempting_and_aborting),
};

START_TEST(each_action_does_what_the_standard_says)
{
    struct pr_state state;

    pr_state_init(&state);
    for (size_t i = 0; i < sequences[_i].count; i++) {
        const struct row *row = &sequences[_i].rows[i];
        struct pr_nexus from = nexus(row->who);

        apply(&state,
              &(struct pr_request){.action = (enum pr_action)row->action,
                                   .scope = (uint8_t)(row->type >> 4),
                                   .type = row->type & 0x0f,
                                   .reservation_key = row->key,
                                   .service_action_key = row->new_key,
                                   .from = &from},
              row->outcome, row->effects);
        ck_assert_str_eq(describe(&state), row->state);
    }
    pr_state_done(&state);
}
END_TEST

/* A is registered, and holds TYPE where it is not PR_NONE; B is registered. */
static void
reserve(struct pr_state *state, int type)
{
    static const struct pr_registration none;
    struct pr_registration a = none, b = none;

    pr_state_init(state);
    a.nexus = nexus('A');
    a.key = 1;
    a.has_taken = type != PR_NONE && !pr_type_is_all_registrants((enum pr_type)type);
    b.nexus = nexus('B');
    b.key = 2;
    ck_assert_int_eq(pr_state_add(state, &a), 0);
    ck_assert_int_eq(pr_state_add(state, &b), 0);
    state->type = (enum pr_type)type;
}

/* R and W: may read, may write; for the holder, a registrant, anybody else (SBC-3 table 13). */
static const struct {
    int type;
    const char *holder, *registrant, *other;
} accesses[] = {
    {PR_NONE, "RW", "RW", "RW"}, {WE, "RW", "R-", "R-"},   {EA, "RW", "--", "--"},
    {WERO, "RW", "RW", "R-"},    {EARO, "RW", "RW", "--"}, {WEAR, "RW", "RW", "R-"},
    {EAAR, "RW", "RW", "--"},
};

static void
assert_access(const struct pr_state *state, char who, const char *wanted)
{
    struct pr_nexus n = nexus(who);
    unsigned denials = pr_denials(state, &n);
    char got[3] = {denials & PR_NO_READ ? '-' : 'R', denials & PR_NO_WRITE ? '-' : 'W', '\0'};

    ck_assert_str_eq(got, wanted);
}

START_TEST(each_type_lets_in_whom_it_should)
{
    struct pr_state state;

    reserve(&state, accesses[_i].type);
    assert_access(&state, 'A', accesses[_i].holder);
    assert_access(&state, 'B', accesses[_i].registrant);
    assert_access(&state, 'C', accesses[_i].other);
    /* The same initiator port at another target port is another nexus. */
    assert_access(&state, 'a', accesses[_i].other);
    pr_state_done(&state);
}
END_TEST

static struct pr_request
registration(enum pr_action action, const struct pr_nexus *from, uint64_t key, uint64_t new_key)
{
    return (struct pr_request){
        .action = action, .reservation_key = key, .service_action_key = new_key, .from = from};
}

START_TEST(names_are_compared_without_regard_to_case)
{
    struct pr_nexus shouted = nexus('A');
    struct pr_state state;

    for (char *c = shouted.initiator_port; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 32);
    reserve(&state, WE);
    ck_assert_uint_eq(pr_find(&state, &shouted), 0);
    ck_assert_uint_eq(pr_denials(&state, &shouted), 0);
    pr_state_done(&state);
}
END_TEST

START_TEST(all_target_ports_registers_at_each_of_them_or_at_none)
{
    struct pr_nexus from = nexus('A'), own[] = {nexus('a')}, b = nexus('a');
    struct pr_request r = registration(PR_REGISTER, &from, 0, 1);
    struct pr_state state;

    pr_state_init(&state);
    r.own = own;
    r.own_count = 1;
    apply(&state, &r, "good", "");
    ck_assert_str_eq(describe(&state), "A1 a1 none g1");
    r.reservation_key = 1;
    r.service_action_key = 2;
    apply(&state, &r, "good", "");
    ck_assert_str_eq(describe(&state), "A2 a2 none g2");
    /* The other port's key has been changed there: what would be refused there is refused. */
    r = registration(PR_REGISTER, &b, 2, 5);
    apply(&state, &r, "good", "");
    r = registration(PR_REGISTER, &from, 2, 3);
    r.own = own;
    r.own_count = 1;
    apply(&state, &r, "conflict", "");
    ck_assert_str_eq(describe(&state), "A2 a5 none g3");
    r.action = PR_REGISTER_AND_IGNORE;
    apply(&state, &r, "good", "");
    ck_assert_str_eq(describe(&state), "A3 a3 none g4");
    r.service_action_key = 0;
    apply(&state, &r, "good", "");
    ck_assert_str_eq(describe(&state), "none g5");
    pr_state_done(&state);
}
END_TEST

START_TEST(specified_ports_are_registered_all_or_none)
{
    struct pr_nexus from = nexus('A'), specified[] = {nexus('B'), nexus('C'), nexus('B')};
    struct pr_request r = registration(PR_REGISTER, &from, 0, 1);
    struct pr_change change;
    struct pr_state state;

    pr_state_init(&state);
    r.spec_i_pt = true;
    r.specified = specified;
    r.specified_count = 3; /* one of them twice */
    apply(&state, &r, "good", "");
    ck_assert_str_eq(describe(&state), "A1 B1 C1 none g1");
    /* A registered nexus may not (table 67). */
    r.reservation_key = 1;
    apply(&state, &r, "spec_i_pt", "");
    r.reservation_key = 2;
    apply(&state, &r, "conflict", "");
    /* One of those specified is registered already: which one is said. */
    from = nexus('D');
    specified[0] = nexus('E');
    r.reservation_key = 0;
    ck_assert_int_eq(pr_apply(&state, &r, &change), PR_INVALID_NEXUS);
    ck_assert_uint_eq(change.invalid, 1);
    ck_assert_ptr_null(change.next.registrations);
    ck_assert_str_eq(describe(&state), "A1 B1 C1 none g1");
    /* Without a key there is nothing to do. */
    r.service_action_key = 0;
    apply(&state, &r, "good", "");
    ck_assert_str_eq(describe(&state), "A1 B1 C1 none g1");
    pr_state_done(&state);
}
END_TEST

START_TEST(spec_i_pt_is_refused_with_every_other_action)
{
    struct pr_nexus from = nexus('A');
    struct pr_request r = registration((enum pr_action)_i, &from, 1, 2);
    struct pr_state state;

    if (_i == PR_REGISTER)
        return;
    reserve(&state, PR_NONE);
    r.spec_i_pt = true;
    apply(&state, &r, "spec_i_pt", "");
    ck_assert_str_eq(describe(&state), "A1 B2 none g0");
    pr_state_done(&state);
}
END_TEST

/* clang-format off */
static const struct {
    int type;
    char from, to;
    uint64_t key, new_key;
    bool unreg;
    const char *outcome, *state;
} moves[] = {
    {PR_NONE, 'A', 'C', 1, 9, false, "nothing to move", "A1 B2 none g0"},
    {WE, 'C', 'B', 0, 9, false,   "conflict", "A1* B2 WE g0"},
    {WE, 'A', 'C', 2, 9, false,   "conflict", "A1* B2 WE g0"},
    {WE, 'B', 'C', 2, 9, false,   "conflict", "A1* B2 WE g0"},
    {WEAR, 'A', 'C', 1, 9, false, "conflict", "A1* B2* WEAR g0"},
    {EAAR, 'A', 'C', 1, 9, false, "conflict", "A1* B2* EAAR g0"},
    {WE, 'A', 'C', 1, 0, false,   "key", "A1* B2 WE g0"},
    {WE, 'A', 'A', 1, 9, false,   "nexus", "A1* B2 WE g0"},
    {WE, 'A', 'a', 1, 9, false,   "nexus", "A1* B2 WE g0"},
    {WE, 'A', 'C', 1, 9, false,   "good", "A1 B2 C9* WE g1"},
    {EA, 'A', 'C', 1, 9, true,    "good", "B2 C9* EA g1"},
    {WERO, 'A', 'B', 1, 9, false, "good", "A1 B9* WERO g1"},
    {EARO, 'A', 'B', 1, 2, true,  "good", "B2* EARO g1"},
    {EARO, 'A', 'b', 1, 2, true,  "good", "B2 b2* EARO g1"},
};
/* clang-format on */

START_TEST(a_reservation_moves_to_the_nexus_that_is_named)
{
    struct pr_nexus from = nexus(moves[_i].from), to = nexus(moves[_i].to);
    struct pr_request r =
        registration(PR_REGISTER_AND_MOVE, &from, moves[_i].key, moves[_i].new_key);
    struct pr_state state;

    reserve(&state, moves[_i].type);
    r.unreg = moves[_i].unreg;
    r.specified = &to;
    r.specified_count = 1;
    apply(&state, &r, moves[_i].outcome, "");
    ck_assert_str_eq(describe(&state), moves[_i].state);
    pr_state_done(&state);
}
END_TEST

START_TEST(the_last_aptpl_counts_and_only_where_it_is_valid)
{
    static const struct {
        enum pr_action action;
        uint64_t key, new_key;
        bool is_valid;
    } rows[] = {
        {PR_REGISTER, 1, 1, true}, {PR_REGISTER_AND_IGNORE, 0, 1, true},
        {PR_RESERVE, 1, 0, false}, {PR_REGISTER_AND_MOVE, 1, 9, true},
        {PR_CLEAR, 1, 0, false},
    };
    struct pr_nexus from = nexus('A'), to = nexus('C');
    struct pr_state state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int aptpl = 0; aptpl < 2; aptpl++) {
            struct pr_request r =
                registration(rows[i].action, &from, rows[i].key, rows[i].new_key);
            reserve(&state, WE);
            state.aptpl = !aptpl;
            r.aptpl = aptpl;
            r.type = WE;
            r.specified = &to;
            r.specified_count = rows[i].action == PR_REGISTER_AND_MOVE;
            apply(&state, &r, "good", rows[i].action == PR_CLEAR ? "B preempted" : "");
            ck_assert_int_eq(state.aptpl, rows[i].is_valid ? aptpl : !aptpl);
            pr_state_done(&state);
        }
    }
}
END_TEST

static struct pr_nexus
numbered(unsigned i)
{
    struct pr_nexus ret = nexus('A');

    snprintf(ret.initiator_port, sizeof ret.initiator_port, "iqn.n:%u,i,0x1", i);
    return ret;
}

START_TEST(registrations_have_a_limit)
{
    struct pr_nexus from, to[2];
    struct pr_request r;
    struct pr_registration extra = {.key = 1};
    struct pr_state state;

    pr_state_init(&state);
    for (unsigned i = 0; i < PR_REGISTRATIONS_MAX; i++) {
        from = numbered(i);
        r = registration(PR_REGISTER, &from, 0, 1 + i);
        apply(&state, &r, "good", "");
    }
    from = numbered(PR_REGISTRATIONS_MAX);
    r = registration(PR_REGISTER, &from, 0, 1);
    apply(&state, &r, "no resources", "");
    extra.nexus = from;
    ck_assert_int_eq(pr_state_add(&state, &extra), -1);
    /* What is there can still change, reserve, move to one that is there, and go. */
    from = numbered(0);
    r = registration(PR_RESERVE, &from, 1, 0);
    r.type = WE;
    apply(&state, &r, "good", "");
    to[0] = numbered(PR_REGISTRATIONS_MAX);
    r = registration(PR_REGISTER_AND_MOVE, &from, 1, 9);
    r.specified = to;
    r.specified_count = 1;
    apply(&state, &r, "no resources", "");
    to[0] = numbered(7);
    apply(&state, &r, "good", "");
    r = registration(PR_REGISTER, &from, 1, 0);
    apply(&state, &r, "good", "");
    ck_assert_uint_eq(state.count, PR_REGISTRATIONS_MAX - 1);
    /* Two more do not fit: neither is registered. */
    to[0] = numbered(1000);
    to[1] = numbered(1001);
    r = registration(PR_REGISTER, &from, 0, 1);
    r.spec_i_pt = true;
    r.specified = to;
    r.specified_count = 2;
    apply(&state, &r, "no resources", "");
    ck_assert_uint_eq(state.count, PR_REGISTRATIONS_MAX - 1);
    pr_state_done(&state);
}
END_TEST

START_TEST(an_operator_clears_everything_and_everybody_is_told)
{
    struct pr_change change;
    struct pr_state state;

    reserve(&state, EA);
    ck_assert_int_eq(pr_clear_all(&state, &change), 0);
    ck_assert_str_eq(effects(&state, &change), "A preempted, B preempted");
    pr_state_move(&state, &change.next);
    ck_assert_str_eq(describe(&state), "none g1");
    pr_state_done(&state);
}
END_TEST

START_TEST(a_nexus_is_added_once)
{
    struct pr_registration again = {.key = 5};
    struct pr_state state;

    reserve(&state, WE);
    again.nexus = nexus('B');
    ck_assert_int_eq(pr_state_add(&state, &again), -1);
    ck_assert_str_eq(describe(&state), "A1* B2 WE g0");
    pr_state_done(&state);
}
END_TEST

TCase *
pr_cases(void)
{
    TCase *t = tcase_create("pr");

    tcase_add_loop_test(t, each_action_does_what_the_standard_says, 0,
                        sizeof sequences / sizeof sequences[0]);
    tcase_add_loop_test(t, each_type_lets_in_whom_it_should, 0,
                        sizeof accesses / sizeof accesses[0]);
    tcase_add_test(t, names_are_compared_without_regard_to_case);
    tcase_add_test(t, all_target_ports_registers_at_each_of_them_or_at_none);
    tcase_add_test(t, specified_ports_are_registered_all_or_none);
    tcase_add_loop_test(t, spec_i_pt_is_refused_with_every_other_action, 0, PR_ACTIONS);
    tcase_add_loop_test(t, a_reservation_moves_to_the_nexus_that_is_named, 0,
                        sizeof moves / sizeof moves[0]);
    tcase_add_test(t, the_last_aptpl_counts_and_only_where_it_is_valid);
    tcase_add_test(t, registrations_have_a_limit);
    tcase_add_test(t, an_operator_clears_everything_and_everybody_is_told);
    tcase_add_test(t, a_nexus_is_added_once);
    return t;
}
