/*
 * text.h: key=value lists, as data segments carry them (RFC 7143 sections 6.1 and 6.2).
 *
 * Three steps: text_input collects a list that may come in several PDUs, text_parse() cuts it
 * into pairs, text_output builds the answer and hands it out in pieces that fit a PDU.
 */
#ifndef ISCSI_TEXT_H
#define ISCSI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_KEY_MAX    63
#define TEXT_VALUE_MAX  8192
#define TEXT_LIST_MAX   65536 /* bytes of one list, whatever number of PDUs it takes */
#define TEXT_BINARY_MAX 1024  /* bytes of a binary value that we send */
#define TEXT_PAIRS_MAX  128   /* pairs of one list; also bounds the search for duplicates */

/* A list on its way in. Zeroed is empty. */
struct text_input {
    char *bytes;
    size_t length, capacity;
};

/* Appends a data segment. 0, -E2BIG (beyond TEXT_LIST_MAX) or -ENOMEM. */
int text_input_add(struct text_input *in, const void *bytes, size_t n);
void text_input_done(struct text_input *in); /* empty again */

struct text_pair {
    const char *key, *value;
};

struct text_list {
    size_t count;
    struct text_pair pairs[TEXT_PAIRS_MAX];
};

/*
 * Cuts N BYTES into pairs, which point into them ('=' becomes NUL). Strict: each pair ends with
 * NUL, has a '=' and a key of letters, digits and ".-+@_#"; no key comes twice. NULs
 * beyond the end of a pair are skipped. Returns NULL, or what is wrong, for the log.
 */
const char *text_parse(char *bytes, size_t n, struct text_list *ret);

/* The value of KEY; NULL where the list has none. */
const char *text_value(const struct text_list *list, const char *key);

/* Whether LIST, values separated by commas, has VALUE. */
bool text_list_has(const char *list, const char *value);

/* Yes and No, strictly; and unsigned numbers, decimal or hexadecimal after 0x. 0, or -1. */
int text_boolean(const char *value, bool *ret);
int text_number(const char *value, uint64_t *ret);

/* A binary value (section 6.1): hexadecimal after 0x, two digits a byte and, where their number
 * is odd, one the first; or base64 after 0b (RFC 4648 section 4, with its padding). 0 with
 * *LENGTH bytes, or -1: it is none, or has more than SIZE bytes. */
int text_binary(const char *value, uint8_t *bytes, size_t size, size_t *length);

/* A list on its way out; grows as needed up to its limit. */
struct text_output {
    char *bytes;
    size_t length, capacity, limit;
    size_t given; /* by text_output_piece() */
    int error;    /* 0, -E2BIG or -ENOMEM: a pair did not fit and was left out */
};

void text_output_init(struct text_output *out, size_t limit);
void text_output_done(struct text_output *out);
void text_output_clear(struct text_output *out); /* for the next answer */

/* Whether KEY is in it since it was last cleared. */
bool text_output_has(const struct text_output *out, const char *key);

/* Whole pairs or, with out->error set, nothing. */
void text_put(struct text_output *out, const char *key, const char *value);
void text_put_number(struct text_output *out, const char *key, uint64_t value);
void text_put_boolean(struct text_output *out, const char *key, bool value);
/* In hexadecimal; at most TEXT_BINARY_MAX bytes. */
void text_put_binary(struct text_output *out, const char *key, const uint8_t *bytes, size_t n);

/*
 * The next piece of at most MAX bytes (cut anywhere, as the C bit allows); *IS_LAST where
 * nothing is left after it. An empty output gives one empty, last piece. Borrowed.
 */
const char *text_output_piece(struct text_output *out, size_t max, size_t *length,
                              bool *is_last);

#endif
