/* pair.c: two units of one session. */
#include "pair.h"

#include <string.h>

static void
released(struct lun *lun)
{
    struct pair *p = lun->owner;

    p->released = true;
}

void
pair_open_as(struct pair *p, unsigned capabilities, struct lun_attributes attributes)
{
    struct lun_identity identity;

    fixture_open_as(&p->f, capabilities, attributes, BLOCKS);
    p->released = false;
    p->store =
        fake_store_open(BLOCKS * attributes.block_size, attributes.block_size, capabilities);
    identity = p->f.lun->identity;
    identity.naa[15] ^= 0xff;
    p->lun = lun_new(&identity, &attributes, p->store, released, p);
    ck_assert_ptr_nonnull(p->lun);
    p->nexus = nexus_new(p->lun, &p->f.it, false, NULL);
    ck_assert_ptr_nonnull(p->nexus);
    p->f.nexuses[0] = p->nexus; /* POWER ON is pending there, and stays so */
    for (size_t i = 0; i < BLOCKS; i++) {
        memset(fake_store_bytes(p->f.store) + i * attributes.block_size, (int)(i * 7 % 251),
               attributes.block_size);
        memset(fake_store_bytes(p->store) + i * attributes.block_size, 0xee,
               attributes.block_size);
    }
}

void
pair_open(struct pair *p)
{
    pair_open_as(
        p, FAKE_STORE_ALL,
        (struct lun_attributes){.block_size = BLOCK, .modes = LUN_WRITE_CACHE | LUN_UNMAP});
}

void
pair_close(struct pair *p)
{
    p->f.nexuses[0] = NULL;
    nexus_free(p->nexus);
    lun_unref(p->lun);
    ck_assert(p->released);
    store_close(p->store);
    lun_free(p->lun);
    fixture_close(&p->f);
}

bool
pair_has_blocks(const struct pair *p, uint64_t from, uint64_t to, unsigned count)
{
    return memcmp(fake_store_bytes(p->store) + to * BLOCK,
                  fake_store_bytes(p->f.store) + from * BLOCK, (size_t)count * BLOCK) == 0;
}

unsigned
count_ops(const struct store *store, enum store_op op)
{
    unsigned n = 0;

    for (unsigned i = 0; i < fake_store_records(store); i++)
        n += fake_store_record(store, i)->op == op;
    return n;
}
