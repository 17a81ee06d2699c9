/* data_in.c: a finished read as Data-In PDUs. */
#include "iscsi/data_in.h"

#include <assert.h>

void
data_in_init(struct data_in *d, uint32_t length, uint32_t max_segment, uint32_t max_burst)
{
    assert(max_segment > 0 && max_burst > 0);
    *d = (struct data_in){.length = length, .max_segment = max_segment, .max_burst = max_burst};
}

bool
data_in_next(struct data_in *d, struct data_in_pdu *pdu)
{
    uint32_t n = d->length - d->offset;

    if (n == 0)
        return false;
    if (n > d->max_segment)
        n = d->max_segment;
    if (n > d->max_burst - d->burst)
        n = d->max_burst - d->burst;

    pdu->data_sn = d->data_sn++;
    pdu->offset = d->offset;
    pdu->length = n;
    d->offset += n;
    d->burst += n;
    pdu->is_last = d->offset == d->length;
    pdu->is_final = pdu->is_last || d->burst == d->max_burst;
    if (pdu->is_final)
        d->burst = 0;
    return true;
}
