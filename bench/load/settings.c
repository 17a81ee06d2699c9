/* settings.c: the command line of blockgate-bench. */
#include "bench/load/settings.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

const char *argp_program_version = "blockgate-bench (" PACKAGE_STRING ")";

enum {
    OPTION_SEQUENTIAL = 0x100,
    OPTION_SPAN,
    OPTION_LUNS,
    OPTION_HEADER_DIGEST,
    OPTION_DATA_DIGEST,
    OPTION_NO_IMMEDIATE_DATA,
    OPTION_INITIAL_R2T,
    OPTION_MAX_RECV_DATA,
    OPTION_MAX_BURST,
    OPTION_FIRST_BURST,
    OPTION_RECEIVE_BUFFER,
    OPTION_BUSY,
    OPTION_CPU,
    OPTION_LABEL,
    OPTION_INITIATOR,
    OPTION_ABRUPT,
    OPTION_SEED
};

static const struct argp_option rows[] = {
    {"mode", 'm', "MODE", 0,
     "read (default), write, mix, fill, verify, tur, nop, login or idle; see "
     "blockgate-bench(1)",
     0},
    {"block-size", 'b', "BYTES", 0, "Of each command (default 4k; verify: the largest, 256k)",
     0},
    {"depth", 'q', "N", 0, "Commands in flight on each session (default 32)", 0},
    {"sessions", 's', "N", 0, "Sessions (default 1)", 0},
    {"threads", 'j', "N", 0, "Threads that share them (default 1)", 0},
    {"seconds", 't', "S", 0, "Measure this long (default 5)", 0},
    {"warm-up", 'w', "S", 0, "Work this long before that (default 1)", 0},
    {"commands", 'n', "N", 0, "End after N commands (default: when the time is over)", 0},
    {"reads", 'r', "PERCENT", 0, "Share of reads in mix and verify (default 70)", 0},
    {"sequential", OPTION_SEQUENTIAL, NULL, 0, "One block after the other (default: random)",
     0},
    {"span", OPTION_SPAN, "BYTES", 0, "Use only so much of the unit, from its start", 0},
    {"luns", OPTION_LUNS, "N", 0, "Spread commands over N units, from the URL's on", 0},
    {"header-digest", OPTION_HEADER_DIGEST, NULL, 0, "HeaderDigest=CRC32C", 0},
    {"data-digest", OPTION_DATA_DIGEST, NULL, 0, "DataDigest=CRC32C", 0},
    {"no-immediate-data", OPTION_NO_IMMEDIATE_DATA, NULL, 0, "ImmediateData=No", 0},
    {"initial-r2t", OPTION_INITIAL_R2T, NULL, 0, "InitialR2T=Yes", 0},
    {"max-recv-data", OPTION_MAX_RECV_DATA, "BYTES", 0,
     "MaxRecvDataSegmentLength (default 256k)", 0},
    {"max-burst", OPTION_MAX_BURST, "BYTES", 0, "MaxBurstLength (default 256k)", 0},
    {"first-burst", OPTION_FIRST_BURST, "BYTES", 0, "FirstBurstLength (default 256k)", 0},
    {"receive-buffer", OPTION_RECEIVE_BUFFER, "BYTES", 0,
     "What one receive may bring (default 512k)", 0},
    {"busy", OPTION_BUSY, NULL, 0, "Spin instead of sleeping", 0},
    {"cpu", OPTION_CPU, "N", 0, "Run on this CPU", 0},
    {"pid", 'p', "PID[,PID]", 0, "Processes of the target: report their CPU time and memory",
     0},
    {"initiator", OPTION_INITIATOR, "NAME", 0, "Log in under this name", 0},
    {"abrupt", OPTION_ABRUPT, NULL, 0, "login: close the connection without a logout", 0},
    {"seed", OPTION_SEED, "N", 0, "Of the random numbers (default 1)", 0},
    {"json", 'J', NULL, 0, "Print the result as one line of JSON", 0},
    {"label", OPTION_LABEL, "TEXT", 0, "Repeated in the result", 0},
    {0},
};

static const char *const mode_names[] = {
    [MODE_READ] = "read", [MODE_WRITE] = "write",   [MODE_MIX] = "mix",
    [MODE_FILL] = "fill", [MODE_VERIFY] = "verify", [MODE_TUR] = "tur",
    [MODE_NOP] = "nop",   [MODE_LOGIN] = "login",   [MODE_IDLE] = "idle",
};
#define MODES (sizeof mode_names / sizeof mode_names[0])

const char *
mode_name(enum mode mode)
{
    return mode_names[mode];
}

static enum mode
parse_mode(const char *text, struct argp_state *state)
{
    for (size_t i = 0; i < MODES; i++)
        if (strcmp(text, mode_names[i]) == 0)
            return (enum mode)i;
    argp_error(state, "--mode %s: there is no such mode", text);
    return MODE_READ;
}

/* A number from MIN to MAX; k, m and g stand for powers of 1024. */
static uint64_t
parse_number(const char *text, uint64_t min, uint64_t max, struct argp_state *state)
{
    static const char units[] = "kmg";
    const char *unit;
    char *end;
    uint64_t n;

    errno = 0;
    n = strtoull(text, &end, 10);
    if (*end != '\0' && (unit = strchr(units, *end | 0x20)) != NULL) {
        unsigned shift = 10 * (unsigned)(unit - units + 1);

        n = n <= UINT64_MAX >> shift ? n << shift : UINT64_MAX;
        end++;
    }
    if (errno != 0 || end == text || *end != '\0' || n < min || n > max || *text == '-')
        argp_error(state, "%s: give a number from %llu to %llu", text, (unsigned long long)min,
                   (unsigned long long)max);
    return n;
}

static double
parse_seconds(const char *text, struct argp_state *state)
{
    char *end;
    double s = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(s) || s < 0 || s > 1e7)
        argp_error(state, "%s: give seconds", text);
    return s;
}

static void
parse_pids(struct settings *s, char *text, struct argp_state *state)
{
    char *rest = NULL;

    for (char *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
        if (s->pid_count == SETTINGS_PIDS_MAX)
            argp_error(state, "--pid: at most %d", SETTINGS_PIDS_MAX);
        s->pids[s->pid_count++] = (pid_t)parse_number(one, 1, 1u << 22, state);
    }
}

/* USER%SECRET before an @. */
static char *
parse_credentials(struct settings *s, char *rest, struct argp_state *state)
{
    char *at = strchr(rest, '@'), *percent;

    if (at == NULL || at > strchr(rest, '/'))
        return rest;
    *at = '\0';
    percent = strchr(rest, '%');
    if (percent == NULL)
        argp_error(state, "write USER%%SECRET@ before the host");
    *percent = '\0';
    s->user = rest;
    s->secret = percent + 1;
    return at + 1;
}

static void
parse_host(struct settings *s, char *host, struct argp_state *state)
{
    char *colon, *bracket = strchr(host, ']');

    if (*host == '[' && bracket != NULL) {
        s->host = host + 1;
        *bracket = '\0';
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
    } else {
        s->host = host;
        colon = strrchr(host, ':');
    }
    if (colon != NULL) {
        *colon = '\0';
        s->port = colon + 1;
    }
    if (*s->host == '\0' || *s->port == '\0')
        argp_error(state, "the URL names no host");
}

/* iscsi://[USER%SECRET@]HOST[:PORT]/TARGET/LUN, as libiscsi's tools have it. */
static void
parse_url(struct settings *s, char *url, struct argp_state *state)
{
    static const char scheme[] = "iscsi://";
    char *rest = url + sizeof scheme - 1, *host, *target, *lun;

    if (s->host != NULL)
        argp_error(state, "one URL is enough");
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || strchr(rest, '/') == NULL)
        argp_error(state, "%s: write iscsi://HOST:PORT/TARGET/LUN", url);
    host = parse_credentials(s, rest, state);
    target = strchr(host, '/');
    lun = strchr(target + 1, '/');
    if (lun == NULL || lun == target + 1)
        argp_error(state, "the URL ends with /TARGET/LUN");
    *target = *lun = '\0';
    s->target = target + 1;
    s->lun = parse_number(lun + 1, 0, 16383, state);
    parse_host(s, host, state);
}

static void
finish(struct settings *s, struct argp_state *state)
{
    if (s->host == NULL)
        argp_usage(state);
    if (s->block_size == 0)
        s->block_size = s->mode == MODE_VERIFY ? 256 << 10 : 4096;
    if (s->block_size % 512 != 0)
        argp_error(state, "--block-size: a multiple of 512");
    if (s->commands > 0 && (s->mode == MODE_LOGIN || s->mode == MODE_IDLE))
        argp_error(state, "--commands does not go with login and idle: --seconds ends them");
    if (s->seconds < 0)
        s->seconds = s->commands > 0 || s->mode == MODE_FILL ? 86400 : 5;
    if (mode_has_an_end(s->mode) || s->commands > 0)
        s->warm_up = 0;
    if (s->first_burst > s->max_burst) /* RFC 7143 section 13.14 */
        s->first_burst = s->max_burst;
    if (s->threads > s->sessions)
        s->threads = s->sessions;
    if (s->lun + s->luns > 16384)
        argp_error(state, "--luns: the last number is 16383");
    if (s->label[strcspn(s->label, "\"\\")] != '\0')
        argp_error(state, "--label: without \" and \\");
    if (mode_has_pattern(s->mode) && s->luns > 1)
        argp_error(state, "--luns does not go with fill and verify");
}

static error_t
parse_protocol(struct settings *s, int key, const char *value, struct argp_state *state)
{
    switch (key) {
    case OPTION_HEADER_DIGEST:
        s->header_digest = true;
        break;
    case OPTION_DATA_DIGEST:
        s->data_digest = true;
        break;
    case OPTION_NO_IMMEDIATE_DATA:
        s->immediate_data = false;
        break;
    case OPTION_INITIAL_R2T:
        s->initial_r2t = true;
        break;
    case OPTION_MAX_RECV_DATA:
        s->max_recv_data = (uint32_t)parse_number(value, 512, 0xffffff, state);
        break;
    case OPTION_MAX_BURST:
        s->max_burst = (uint32_t)parse_number(value, 512, 0xffffff, state);
        break;
    case OPTION_FIRST_BURST:
        s->first_burst = (uint32_t)parse_number(value, 512, 0xffffff, state);
        break;
    case OPTION_INITIATOR:
        s->initiator = value;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static error_t
parse_running(struct settings *s, int key, char *value, struct argp_state *state)
{
    switch (key) {
    case OPTION_RECEIVE_BUFFER:
        s->receive_buffer = (uint32_t)parse_number(value, 4096, 1 << 26, state);
        break;
    case OPTION_BUSY:
        s->busy = true;
        break;
    case OPTION_CPU:
        s->cpu = (int)parse_number(value, 0, 4095, state);
        break;
    case OPTION_LABEL:
        s->label = value;
        break;
    case OPTION_ABRUPT:
        s->abrupt = true;
        break;
    case OPTION_SEED:
        s->seed = parse_number(value, 0, UINT64_MAX, state);
        break;
    case 'p':
        parse_pids(s, value, state);
        break;
    case 'J':
        s->json = true;
        break;
    case 'j':
        s->threads = (uint32_t)parse_number(value, 1, 256, state);
        break;
    case 't':
        s->seconds = parse_seconds(value, state);
        break;
    case 'w':
        s->warm_up = parse_seconds(value, state);
        break;
    default:
        return parse_protocol(s, key, value, state);
    }
    return 0;
}

static error_t
parse_one(int key, char *value, struct argp_state *state)
{
    struct settings *s = state->input;

    switch (key) {
    case 'm':
        s->mode = parse_mode(value, state);
        break;
    case 'b':
        s->block_size = (uint32_t)parse_number(value, 512, 16 << 20, state);
        break;
    case 'q':
        s->depth = (uint32_t)parse_number(value, 1, SETTINGS_DEPTH_MAX, state);
        break;
    case 's':
        s->sessions = (uint32_t)parse_number(value, 1, 65535, state);
        break;
    case 'n':
        s->commands = parse_number(value, 1, UINT64_MAX, state);
        break;
    case 'r':
        s->reads_percent = (uint32_t)parse_number(value, 0, 100, state);
        break;
    case OPTION_SEQUENTIAL:
        s->sequential = true;
        break;
    case OPTION_SPAN:
        s->span = parse_number(value, 512, UINT64_MAX, state);
        break;
    case OPTION_LUNS:
        s->luns = parse_number(value, 1, 16384, state);
        break;
    case ARGP_KEY_ARG:
        parse_url(s, value, state);
        break;
    case ARGP_KEY_END:
        finish(s, state);
        break;
    default:
        return parse_running(s, key, value, state);
    }
    return 0;
}

void
settings_parse(struct settings *settings, int argc, char **argv)
{
    static const struct argp argp = {
        .options = rows,
        .parser = parse_one,
        .args_doc = "iscsi://[USER%SECRET@]HOST[:PORT]/TARGET/LUN",
        .doc = "Puts load on an iSCSI target, checks every answer and measures."
               "\vwrite, mix, fill and verify overwrite the unit. See blockgate-bench(1).",
    };

    *settings = (struct settings){
        .port = "3260",
        .initiator = "iqn.2026-01.org.example:bench",
        .label = "",
        .luns = 1,
        .depth = 32,
        .sessions = 1,
        .threads = 1,
        .reads_percent = 70,
        .seconds = -1,
        .warm_up = 1,
        .seed = 1,
        .immediate_data = true,
        .max_recv_data = 256 << 10,
        .max_burst = 256 << 10,
        .first_burst = 256 << 10,
        .receive_buffer = 512 << 10,
        .cpu = -1,
    };
    argp_parse(&argp, argc, argv, 0, NULL, settings);
}
