/* keys.c: text keys. */
#include "bench/load/keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/complain.h"
#include "bench/load/settings.h"

void
keys_add(struct keys *keys, const char *format, ...)
{
    size_t room = sizeof keys->text - keys->length;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(keys->text + keys->length, room, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= room)
        give_up("the names are too long for a login");
    keys->length += (uint32_t)n + 1;
}

const char *
keys_find(const char *text, uint32_t length, const char *name)
{
    size_t name_length = strlen(name);

    for (uint32_t at = 0; at < length;) {
        size_t n = strnlen(text + at, length - at);

        if (n > name_length && text[at + name_length] == '=' &&
            memcmp(text + at, name, name_length) == 0)
            return text + at + name_length + 1;
        at += (uint32_t)n + 1;
    }
    return NULL;
}

void
negotiated_init(struct negotiated *n, const struct settings *settings)
{
    *n = (struct negotiated){
        .max_recv_data = 8192, /* where the target does not say: RFC 7143 section 13.12 */
        .max_burst = settings->max_burst,
        .first_burst = settings->first_burst,
        .immediate_data = settings->immediate_data,
        .initial_r2t = settings->initial_r2t,
    };
}

void
keys_add_offers(struct keys *keys, const struct settings *s)
{
    keys_add(keys, "HeaderDigest=%s", s->header_digest ? "CRC32C" : "None");
    keys_add(keys, "DataDigest=%s", s->data_digest ? "CRC32C" : "None");
    keys_add(keys, "InitialR2T=%s", s->initial_r2t ? "Yes" : "No");
    keys_add(keys, "ImmediateData=%s", s->immediate_data ? "Yes" : "No");
    keys_add(keys, "MaxRecvDataSegmentLength=%u", s->max_recv_data);
    keys_add(keys, "MaxBurstLength=%u", s->max_burst);
    keys_add(keys, "FirstBurstLength=%u", s->first_burst);
    keys_add(keys, "MaxConnections=1");
    keys_add(keys, "MaxOutstandingR2T=1");
    keys_add(keys, "DefaultTime2Wait=2");
    keys_add(keys, "DefaultTime2Retain=0");
    keys_add(keys, "DataPDUInOrder=Yes");
    keys_add(keys, "DataSequenceInOrder=Yes");
    keys_add(keys, "ErrorRecoveryLevel=0");
}

/* The less of the two. Data segments are cut at multiples of 4, to need no padding. */
static void
settle_number(uint32_t *ours, const char *value)
{
    unsigned long theirs = value != NULL ? strtoul(value, NULL, 0) : *ours;

    if (theirs >= 4 && theirs < *ours)
        *ours = (uint32_t)theirs & ~3u;
}

static void
settle_bool(bool *ours, const char *value)
{
    if (value != NULL)
        *ours = strcmp(value, "Yes") == 0;
}

static void
settle_digest(bool *ours, const char *value)
{
    if (value != NULL)
        *ours = strcmp(value, "CRC32C") == 0;
}

void
negotiated_settle(struct negotiated *n, const char *text, uint32_t length)
{
    const char *value = keys_find(text, length, "MaxRecvDataSegmentLength");

    if (value != NULL) {
        n->max_recv_data = 0xffffff & ~3u; /* what they declare, whatever was there before */
        settle_number(&n->max_recv_data, value);
    }
    settle_number(&n->max_burst, keys_find(text, length, "MaxBurstLength"));
    settle_number(&n->first_burst, keys_find(text, length, "FirstBurstLength"));
    settle_bool(&n->immediate_data, keys_find(text, length, "ImmediateData"));
    settle_bool(&n->initial_r2t, keys_find(text, length, "InitialR2T"));
    settle_digest(&n->header_digest, keys_find(text, length, "HeaderDigest"));
    settle_digest(&n->data_digest, keys_find(text, length, "DataDigest"));
}
