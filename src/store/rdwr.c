/*
 * rdwr.c: a file or block device by preadv2 and pwritev2: on the worker when the page cache can
 * answer (RWF_NOWAIT), else on a helper.
 */
#include "store/file.h"
#include "store/types.h"

static int
rdwr_open(const struct store_config *config, struct store **ret, struct error *err)
{
    struct file_store *f = NULL;

    if (file_store_open(&rdwr_store_type, config, &f, err) < 0)
        return -1;
    if (f != NULL)
        *ret = &f->store;
    return 0;
}

const struct store_type rdwr_store_type = {
    .name = "rdwr",
    .description = "a file or block device through the page cache, on helper threads",
    .needs_path = true,
    .open = rdwr_open,
    .close = file_store_close,
    .submit = file_submit,
    .can_copy = file_store_can_copy,
    .resize = file_store_resize,
};
