/* null.c: a store that keeps nothing: reads give zeroes, writes are dropped. For measuring. */
#include <string.h>

#include "core/error.h"
#include "store/types.h"

static int
null_open(const struct store_config *config, struct store **ret, struct error *err)
{
    struct store *s;

    if (config->check_only)
        return 0;
    s = store_alloc(sizeof *s, &null_store_type, config);
    if (s == NULL)
        return error_set(err, ERROR_INTERNAL, "out of memory");
    atomic_init(&s->size, config->size);
    s->capabilities = STORE_CAN_FLUSH | STORE_IS_VOLATILE;
    if (!config->read_only)
        s->capabilities |= STORE_CAN_WRITE | STORE_CAN_FUA | STORE_CAN_UNMAP | STORE_CAN_ZERO |
                           STORE_CAN_RESIZE | STORE_CAN_ATOMIC;
    *ret = s;
    return 0;
}

static void
null_submit(struct store *store, struct store_io *io)
{
    (void)store;
    if (io->op == STORE_READ)
        memset(io->data, 0, io->length);
    store_complete_later(io, 0);
}

static int
null_resize(struct store *store, uint64_t size, struct error *err)
{
    (void)err;
    if (size != 0)
        atomic_store(&store->size, size);
    return 0;
}

const struct store_type null_store_type = {
    .name = "null",
    .description = "keeps nothing: reads give zeroes, writes are dropped",
    .open = null_open,
    .close = store_dealloc,
    .submit = null_submit,
    .resize = null_resize,
};
