/* short_memory.c: stands between the sessions and pdu_writer.c; the linker is told to lead
 * calls of pdu_writer_add… here (--wrap). */
#include "short_memory.h"

#include <errno.h>
#include <stdbool.h>

#include "iscsi/pdu_writer.h"

int __real_pdu_writer_add(struct pdu_writer *w, const uint8_t *header);
int __real_pdu_writer_add_copy(struct pdu_writer *w, const uint8_t *header, const void *data,
                               size_t length);
int __real_pdu_writer_add_iobuf(struct pdu_writer *w, const uint8_t *header, struct iobuf *buf,
                                size_t offset, size_t length);
int __wrap_pdu_writer_add(struct pdu_writer *w, const uint8_t *header);
int __wrap_pdu_writer_add_copy(struct pdu_writer *w, const uint8_t *header, const void *data,
                               size_t length);
int __wrap_pdu_writer_add_iobuf(struct pdu_writer *w, const uint8_t *header, struct iobuf *buf,
                                size_t offset, size_t length);

/* Other tests run sessions on several threads, with memory enough: they only read it. */
static bool is_short;
static unsigned pdus_left;

void
short_memory_begins(unsigned pdus)
{
    is_short = true;
    pdus_left = pdus;
}

void
short_memory_ends(void)
{
    is_short = false;
}

static bool
has_room(void)
{
    return !is_short || (pdus_left > 0 && pdus_left-- > 0);
}

int
__wrap_pdu_writer_add(struct pdu_writer *w, const uint8_t *header)
{
    return has_room() ? __real_pdu_writer_add(w, header) : -ENOMEM;
}

int
__wrap_pdu_writer_add_copy(struct pdu_writer *w, const uint8_t *header, const void *data,
                           size_t length)
{
    return has_room() ? __real_pdu_writer_add_copy(w, header, data, length) : -ENOMEM;
}

int
__wrap_pdu_writer_add_iobuf(struct pdu_writer *w, const uint8_t *header, struct iobuf *buf,
                            size_t offset, size_t length)
{
    return has_room() ? __real_pdu_writer_add_iobuf(w, header, buf, offset, length) : -ENOMEM;
}
