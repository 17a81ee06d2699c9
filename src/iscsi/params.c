/* params.c: the keys of RFC 7143 section 13, a row each. */
#include "iscsi/params.h"

#include <string.h>

#include "iscsi/text.h"

enum rule {
    LOWER_WINS,
    HIGHER_WINS,
    BOTH_MUST_AGREE,    /* boolean and */
    EITHER_IS_ENOUGH,   /* boolean or */
    LIST,               /* of the initiator's list the first value that we support is taken */
    DECLARED,           /* a number that each side says of itself */
    DECLARED_BY_TARGET, /* not for an initiator to say */
    OBSOLETE,           /* answered by Reject: section 13.25 */
    ELSEWHERE,          /* login.c, login_auth.c or discovery.c answers it */
};

enum relevance { FOR_ALL, NOT_FOR_DISCOVERY };

/* A number or bool within a struct; size 0: none. */
struct field {
    uint8_t at, size;
};

struct param_key {
    const char *name;
    enum rule rule;
    unsigned phases;
    uint32_t min, max;
    struct field ours;        /* in target_parameters: what we want (LIST: a bit per choice) */
    uint32_t ours_if_none;    /* what we want where that is not configured */
    struct field agreed;      /* in params */
    enum relevance relevance; /* "Irrelevant when: SessionType=Discovery" */
    const char *const *choices; /* LIST, ended by NULL */
};

static const char *const digests[] = {"None", "CRC32C", NULL}; /* by the bits DIGEST_ALLOW_… */
static const char *const reporting[] = {"RFC3720", NULL};

/* clang-format off */
#define IN(type, member)  {offsetof(type, member), sizeof(((type *)NULL)->member)}
#define OURS(member)      IN(struct target_parameters, member), 0
#define FIXED(value)      {0, 0}, (value)
#define AGREED(member)    IN(struct params, member)
#define NOWHERE           {0, 0}
#define LOGIN_ONLY        PHASE_OPERATIONAL
#define ANY_LOGIN         (PHASE_SECURITY | PHASE_OPERATIONAL)
#define ALWAYS            (ANY_LOGIN | PHASE_FULL_FEATURE)
#define MAX_LENGTH        0xffffff

static const struct param_key keys[] = {
    /* Section 13.1 */
    {"HeaderDigest",             LIST,             LOGIN_ONLY, 0, 0,            OURS(header_digests),      AGREED(header_digest), FOR_ALL, digests},
    {"DataDigest",               LIST,             LOGIN_ONLY, 0, 0,            OURS(data_digests),        AGREED(data_digest), FOR_ALL, digests},
    /* 13.2 to 13.20, where they name one another out of order */
    {"MaxConnections",           LOWER_WINS,       LOGIN_ONLY, 1, 65535,        FIXED(1),                  NOWHERE, NOT_FOR_DISCOVERY, NULL},
    {"InitialR2T",               EITHER_IS_ENOUGH, LOGIN_ONLY, 0, 1,            OURS(initial_r2t),         AGREED(initial_r2t), NOT_FOR_DISCOVERY, NULL},
    {"ImmediateData",            BOTH_MUST_AGREE,  LOGIN_ONLY, 0, 1,            OURS(immediate_data),      AGREED(immediate_data), NOT_FOR_DISCOVERY, NULL},
    {"MaxRecvDataSegmentLength", DECLARED,         LOGIN_ONLY | PHASE_FULL_FEATURE, 512, MAX_LENGTH,
                                                                                OURS(max_recv_data_segment_length), AGREED(max_send_data_segment_length), FOR_ALL, NULL},
    {"MaxBurstLength",           LOWER_WINS,       LOGIN_ONLY, 512, MAX_LENGTH, OURS(max_burst_length),    AGREED(max_burst_length), NOT_FOR_DISCOVERY, NULL},
    {"FirstBurstLength",         LOWER_WINS,       LOGIN_ONLY, 512, MAX_LENGTH, OURS(first_burst_length),  AGREED(first_burst_length), NOT_FOR_DISCOVERY, NULL},
    {"DefaultTime2Wait",         HIGHER_WINS,      LOGIN_ONLY, 0, 3600,         OURS(default_time2wait),   AGREED(default_time2wait), FOR_ALL, NULL},
    {"DefaultTime2Retain",       LOWER_WINS,       LOGIN_ONLY, 0, 3600,         FIXED(TIME2RETAIN),        NOWHERE, FOR_ALL, NULL},
    {"MaxOutstandingR2T",        LOWER_WINS,       LOGIN_ONLY, 1, 65535,        OURS(max_outstanding_r2t), AGREED(max_outstanding_r2t), NOT_FOR_DISCOVERY, NULL},
    {"DataPDUInOrder",           EITHER_IS_ENOUGH, LOGIN_ONLY, 0, 1,            FIXED(1),                  NOWHERE, NOT_FOR_DISCOVERY, NULL},
    {"DataSequenceInOrder",      EITHER_IS_ENOUGH, LOGIN_ONLY, 0, 1,            FIXED(1),                  NOWHERE, NOT_FOR_DISCOVERY, NULL},
    {"ErrorRecoveryLevel",       LOWER_WINS,       LOGIN_ONLY, 0, 2,            FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"TaskReporting",            LIST,             LOGIN_ONLY, 0, 0,            FIXED(1),                  NOWHERE, NOT_FOR_DISCOVERY, reporting}, /* 13.23 */
    {"iSCSIProtocolLevel",       LOWER_WINS,       LOGIN_ONLY, 0, 31,           FIXED(1),                  NOWHERE, NOT_FOR_DISCOVERY, NULL}, /* RFC 7144 section 7.1 */
    /* 13.25: No is what initiators of RFC 3720 expect, and is allowed. */
    {"IFMarker",                 BOTH_MUST_AGREE,  LOGIN_ONLY, 0, 1,            FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"OFMarker",                 BOTH_MUST_AGREE,  LOGIN_ONLY, 0, 1,            FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"IFMarkInt",                OBSOLETE,         LOGIN_ONLY, 0, 0,            FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"OFMarkInt",                OBSOLETE,         LOGIN_ONLY, 0, 0,            FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    /* 13.3 to 13.9, 13.21, 12.1 */
    {"SendTargets",              ELSEWHERE,        PHASE_FULL_FEATURE, 0, 0,    FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"AuthMethod",               ELSEWHERE,        PHASE_SECURITY, 0, 0,        FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"CHAP_A",                   ELSEWHERE,        PHASE_SECURITY, 0, 0,        FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"CHAP_I",                   ELSEWHERE,        PHASE_SECURITY, 0, 0,        FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"CHAP_C",                   ELSEWHERE,        PHASE_SECURITY, 0, 0,        FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"CHAP_N",                   ELSEWHERE,        PHASE_SECURITY, 0, 0,        FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"CHAP_R",                   ELSEWHERE,        PHASE_SECURITY, 0, 0,        FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"InitiatorName",            ELSEWHERE,        ANY_LOGIN, 0, 0,             FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"TargetName",               ELSEWHERE,        ANY_LOGIN, 0, 0,             FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"SessionType",              ELSEWHERE,        ANY_LOGIN, 0, 0,             FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"InitiatorAlias",           ELSEWHERE,        ALWAYS, 0, 0,                FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"TargetAlias",              DECLARED_BY_TARGET, ALWAYS, 0, 0,              FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"TargetAddress",            DECLARED_BY_TARGET, ALWAYS, 0, 0,              FIXED(0),                  NOWHERE, FOR_ALL, NULL},
    {"TargetPortalGroupTag",     DECLARED_BY_TARGET, ALWAYS, 0, 0,              FIXED(0),                  NOWHERE, FOR_ALL, NULL},
};
/* clang-format on */

#define KEYS (sizeof keys / sizeof keys[0])
_Static_assert(KEYS <= 64, "struct negotiation has a bit for each");

/* Defaults of the standard, section 13. */
static const struct params standard = {
    .initial_r2t = true,
    .immediate_data = true,
    .max_recv_data_segment_length = 8192,
    .max_send_data_segment_length = 8192,
    .max_burst_length = 262144,
    .first_burst_length = 65536,
    .max_outstanding_r2t = 1,
    .default_time2wait = 2,
};

/* Where there is no target: discovery. */
static const struct target_parameters no_target = {
    .immediate_data = true,
    .max_recv_data_segment_length = 262144,
    .max_burst_length = 1048576,
    .first_burst_length = 262144,
    .max_outstanding_r2t = 8,
    .default_time2wait = 2,
    .header_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
    .data_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
};

void
negotiation_init(struct negotiation *n, const struct target_parameters *ours, bool is_discovery)
{
    memset(n, 0, sizeof *n);
    n->params = standard;
    n->ours = ours != NULL ? *ours : no_target;
    n->is_discovery = is_discovery;
}

/* Section 13: those of scope "SW", session-wide. */
void
negotiation_inherit(struct negotiation *n, const struct params *agreed)
{
    n->params.initial_r2t = agreed->initial_r2t;
    n->params.immediate_data = agreed->immediate_data;
    n->params.max_burst_length = agreed->max_burst_length;
    n->params.first_burst_length = agreed->first_burst_length;
    n->params.max_outstanding_r2t = agreed->max_outstanding_r2t;
    n->params.default_time2wait = agreed->default_time2wait;
}

void
negotiation_restart(struct negotiation *n)
{
    n->seen = 0;
    n->problem = NULL;
}

const char *
negotiation_problem(const struct negotiation *n)
{
    return n->problem != NULL ? n->problem : "none";
}

static const struct param_key *
find(const char *name)
{
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static uint32_t
field_get(const void *base, struct field f)
{
    uint16_t half;
    uint32_t word;

    switch (f.size) {
    case 1:
        return *((const uint8_t *)base + f.at);
    case 2:
        memcpy(&half, (const uint8_t *)base + f.at, sizeof half);
        return half;
    default:
        memcpy(&word, (const uint8_t *)base + f.at, sizeof word);
        return word;
    }
}

/* Fields of struct params are bool or uint32_t. */
static void
agree(struct negotiation *n, const struct param_key *key, uint32_t value)
{
    uint8_t *at = (uint8_t *)&n->params + key->agreed.at;
    bool truth = value != 0;

    if (key->agreed.size == sizeof truth)
        memcpy(at, &truth, sizeof truth);
    else if (key->agreed.size != 0)
        memcpy(at, &value, sizeof value);
}

static bool
is_first_burst(const char *name)
{
    return strcmp(name, "FirstBurstLength") == 0;
}

/* What we want, within the range of the standard whatever the configuration says. */
static uint32_t
our_value(const struct negotiation *n, const struct param_key *key)
{
    uint32_t value = key->ours_if_none;

    if (key->ours.size != 0)
        value = field_get(&n->ours, key->ours);
    if (key->rule == LIST)
        return value != 0 ? value : DIGEST_ALLOW_NONE;
    if (value < key->min)
        return key->min;
    return value > key->max ? key->max : value;
}

static bool
settle_number(struct negotiation *n, const struct param_key *key, const char *theirs,
              struct text_output *out)
{
    uint32_t value = our_value(n, key);
    uint64_t number;

    if (text_number(theirs, &number) < 0 || number < key->min || number > key->max)
        return false;
    if (key->rule == LOWER_WINS ? number < value : number > value)
        value = (uint32_t)number;
    /* Section 13.14: it must not exceed MaxBurstLength, which has been settled before. */
    if (is_first_burst(key->name) && value > n->params.max_burst_length)
        value = n->params.max_burst_length;
    agree(n, key, value);
    text_put_number(out, key->name, value);
    return true;
}

static bool
settle_boolean(struct negotiation *n, const struct param_key *key, const char *theirs,
               struct text_output *out)
{
    bool value, ours = our_value(n, key) != 0;

    if (text_boolean(theirs, &value) < 0)
        return false;
    value = key->rule == BOTH_MUST_AGREE ? value && ours : value || ours;
    agree(n, key, value);
    text_put_boolean(out, key->name, value);
    return true;
}

static bool
settle_list(struct negotiation *n, const struct param_key *key, const char *theirs,
            struct text_output *out)
{
    uint32_t allowed = our_value(n, key);
    size_t length;

    for (;; theirs += length + 1) {
        length = strcspn(theirs, ",");
        for (uint32_t i = 0; key->choices[i] != NULL; i++)
            if ((allowed >> i & 1) != 0 && strlen(key->choices[i]) == length &&
                memcmp(key->choices[i], theirs, length) == 0) {
                agree(n, key, i);
                text_put(out, key->name, key->choices[i]);
                return true;
            }
        if (theirs[length] == '\0')
            return false;
    }
}

static enum param_verdict
error(struct negotiation *n, const char *problem)
{
    n->problem = problem;
    return PARAMS_PROTOCOL_ERROR;
}

static enum param_verdict
take_declaration(struct negotiation *n, const struct param_key *key, const char *theirs)
{
    uint64_t number;

    if (text_number(theirs, &number) < 0 || number < key->min || number > key->max)
        return error(n, "a declared value is out of range");
    agree(n, key, (uint32_t)number);
    return PARAMS_ANSWERED;
}

/* By the key's rule. A value that is not in its range is answered by Reject, and what was in
 * force stays (section 6.2). */
static enum param_verdict
settle(struct negotiation *n, const struct param_key *key, const char *theirs,
       struct text_output *out)
{
    bool is_settled = false;

    switch (key->rule) {
    case LOWER_WINS:
    case HIGHER_WINS:
        is_settled = settle_number(n, key, theirs, out);
        break;
    case BOTH_MUST_AGREE:
    case EITHER_IS_ENOUGH:
        is_settled = settle_boolean(n, key, theirs, out);
        break;
    case LIST:
        is_settled = settle_list(n, key, theirs, out);
        break;
    case DECLARED:
        return take_declaration(n, key, theirs);
    case DECLARED_BY_TARGET:
        /* Where the same answer has our own word, that is enough: a key is in a list once. */
        is_settled |= text_output_has(out, key->name);
        break;
    case OBSOLETE:
        break;
    case ELSEWHERE:
        return PARAMS_ANSWERED;
    }
    if (!is_settled)
        text_put(out, key->name, "Reject");
    return PARAMS_ANSWERED;
}

/* Values that only an answer may have (section 6.2). */
static bool
is_answer(const char *value)
{
    return strcmp(value, "Reject") == 0 || strcmp(value, "Irrelevant") == 0 ||
           strcmp(value, "NotUnderstood") == 0;
}

static enum param_verdict
answer_pair(struct negotiation *n, enum param_phase phase, const struct text_pair *pair,
            struct text_output *out)
{
    const struct param_key *key = find(pair->key);
    uint64_t bit;

    if (is_answer(pair->value) && (key == NULL || key->rule != ELSEWHERE)) {
        /* To what we have declared, that is harmless; we have offered nothing. */
        if (key == NULL || key->rule == DECLARED || key->rule == DECLARED_BY_TARGET)
            return PARAMS_ANSWERED;
        return error(n, "an answer to a key that was not offered");
    }
    if (key == NULL) {
        text_put(out, pair->key, "NotUnderstood");
        return PARAMS_ANSWERED;
    }
    if ((key->phases & phase) == 0)
        return error(n, "a key that does not belong to this stage");
    if (key->rule == ELSEWHERE)
        return PARAMS_ANSWERED;
    bit = (uint64_t)1 << (key - keys);
    if ((n->seen & bit) != 0)
        return error(n, "a key is negotiated twice");
    n->seen |= bit;
    if (n->is_discovery && key->relevance == NOT_FOR_DISCOVERY) {
        text_put(out, key->name, "Irrelevant");
        return PARAMS_ANSWERED;
    }
    return settle(n, key, pair->value, out);
}

/* MaxBurstLength may have been lowered under a FirstBurstLength that was settled in an earlier
 * request, or that nobody has named. */
static enum param_verdict
check_first_burst(struct negotiation *n)
{
    uint64_t bit = (uint64_t)1 << (find("FirstBurstLength") - keys);

    if (n->params.first_burst_length <= n->params.max_burst_length)
        return PARAMS_ANSWERED;
    if ((n->seen & bit) != 0)
        return error(n, "FirstBurstLength exceeds MaxBurstLength");
    n->params.first_burst_length = n->params.max_burst_length;
    return PARAMS_ANSWERED;
}

enum param_verdict
negotiation_answer(struct negotiation *n, enum param_phase phase, const struct text_list *list,
                   struct text_output *out)
{
    const struct param_key *declared = find("MaxRecvDataSegmentLength");
    if (phase == PHASE_OPERATIONAL && !n->has_declared) {
        n->has_declared = true;
        n->params.max_recv_data_segment_length = our_value(n, declared);
        text_put_number(out, declared->name, n->params.max_recv_data_segment_length);
    }
    /* FirstBurstLength last, since its answer depends on another key. */
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < list->count; i++)
            if (is_first_burst(list->pairs[i].key) == (turn == 1) &&
                answer_pair(n, phase, &list->pairs[i], out) != PARAMS_ANSWERED)
                return PARAMS_PROTOCOL_ERROR;
    return check_first_burst(n);
}

bool
negotiation_is_acceptable(struct negotiation *n)
{
    unsigned header = n->params.header_digest ? DIGEST_ALLOW_CRC32C : DIGEST_ALLOW_NONE;
    unsigned data = n->params.data_digest ? DIGEST_ALLOW_CRC32C : DIGEST_ALLOW_NONE;

    if ((our_value(n, find("HeaderDigest")) & header) == 0)
        n->problem = "the target demands another HeaderDigest";
    else if ((our_value(n, find("DataDigest")) & data) == 0)
        n->problem = "the target demands another DataDigest";
    else
        return true;
    return false;
}
