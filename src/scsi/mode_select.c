/* mode_select.c: MODE SELECT (SPC-4 sections 6.11 and 6.12): the whole list is checked before
 * the first mode changes. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/iobuf.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/lun_save.h"
#include "scsi/mode_pages.h"
#include "scsi/nexus.h"
#include "store/store.h"

/* Where things are in the mode parameter header (SPC-4 section 7.5.4). */
struct header {
    uint8_t length;
    uint8_t medium_type_at, descriptor_length_at, descriptor_length_size;
    uint8_t longlba_at; /* 0: there is no such bit */
};
static const struct header header_6 = {4, 1, 3, 1, 0};
static const struct header header_10 = {8, 2, 6, 2, 4};

enum { PF = 0x10, RTD = 0x02, SP = 0x01 };

/* What the pages of a list ask for. */
struct selection {
    unsigned mask, values; /* enum lun_mode */
};

/* A parameter list, and how far it has been read. */
struct list {
    const uint8_t *data;
    size_t length, at;
};

bool
mode_select_check(struct scsi_cmd *cmd)
{
    unsigned length;

    if (cmd->cdb[1] & RTD) { /* not said to be supported by the extended INQUIRY data */
        cmd_fail_cdb(cmd, 1, 1);
        return false;
    }
    if ((cmd->cdb[1] & SP) && cmd_lun(cmd)->save == NULL) {
        cmd_fail_cdb(cmd, 1, 0);
        return false;
    }
    length = cmd->cdb[0] == 0x15 ? cmd->cdb[4] : get_be16(cmd->cdb + 7);
    if (!(cmd->cdb[1] & PF) && length > 0) { /* PF=0: pages that no standard describes */
        cmd_fail_cdb(cmd, 1, 4);
        return false;
    }
    return true;
}

static bool
is_cut(struct scsi_cmd *cmd, const struct list *list, size_t wanted)
{
    if (list->length - list->at >= wanted)
        return false;
    cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
    return true;
}

/* SBC-3 section 6.5.2: the medium has one size and one block length. */
static bool
check_descriptor(struct scsi_cmd *cmd, const uint8_t *d, size_t at, bool is_long)
{
    const struct lun *lun = cmd_lun(cmd);
    uint64_t blocks = lun_blocks(lun), said = is_long ? get_be64(d) : get_be32(d);
    uint64_t most = is_long ? UINT64_MAX : UINT32_MAX; /* the largest size that there is */
    unsigned length_at = is_long ? 12 : 5;

    if (said != 0 && said != most && said != blocks) {
        cmd_fail_list(cmd, (unsigned)at, -1);
        return false;
    }
    if ((is_long ? get_be32(d + 12) : get_be24(d + 5)) != lun->block_size) {
        cmd_fail_list(cmd, (unsigned)at + length_at, -1);
        return false;
    }
    return true;
}

/* Header and block descriptor. MODE DATA LENGTH is reserved, the device-specific parameter says
 * nothing here. */
static bool
read_header(struct scsi_cmd *cmd, struct list *list, const struct header *h)
{
    const uint8_t *data = list->data;
    bool is_long;
    size_t descriptor;

    if (is_cut(cmd, list, h->length))
        return false;
    if (data[h->medium_type_at] != 0) {
        cmd_fail_list(cmd, h->medium_type_at, -1);
        return false;
    }
    is_long = h->longlba_at != 0 && (data[h->longlba_at] & 0x01);
    descriptor = h->descriptor_length_size == 1 ? data[h->descriptor_length_at]
                                                : get_be16(data + h->descriptor_length_at);
    list->at = h->length;
    if (descriptor == 0)
        return true;
    if (descriptor != (is_long ? 16 : 8)) { /* one, or none */
        cmd_fail_list(cmd, h->descriptor_length_at, -1);
        return false;
    }
    if (is_cut(cmd, list, descriptor) ||
        !check_descriptor(cmd, data + list->at, list->at, is_long))
        return false;
    list->at += descriptor;
    return true;
}

/* The page at list->at, by its header; NULL: it has failed CMD. */
static const struct mode_page *
find_page(struct scsi_cmd *cmd, const struct list *list)
{
    const uint8_t *data = list->data + list->at;
    bool has_subpage = data[0] & 0x40; /* SPF */
    unsigned at = (unsigned)list->at;
    const struct mode_page *page;

    if (is_cut(cmd, list, has_subpage ? 4 : 2))
        return NULL;
    page = mode_page_find(data[0] & 0x3f, has_subpage ? data[1] : 0);
    if (page == NULL || (page->subpage != 0) != has_subpage ||
        !mode_page_is_offered(page, cmd_lun(cmd))) {
        cmd_fail_list(cmd, has_subpage ? at + 1 : at, has_subpage ? -1 : 5);
        return NULL;
    }
    if ((has_subpage ? get_be16(data + 2) : data[1]) != page->length) {
        cmd_fail_list(cmd, has_subpage ? at + 2 : at + 1, -1);
        return NULL;
    }
    return is_cut(cmd, list, mode_page_size(page)) ? NULL : page;
}

/* What cannot be changed must be as it is (SPC-4 section 6.11). */
static bool
read_page(struct scsi_cmd *cmd, struct list *list, struct selection *selection)
{
    const struct mode_page *page = find_page(cmd, list);
    const uint8_t *data = list->data + list->at;
    uint8_t current[MODE_PAGES_MAX], mask[MODE_PAGES_MAX];
    unsigned named, values;

    if (page == NULL)
        return false;
    mode_page_write(page, cmd_lun(cmd), 0, current);
    mode_page_write_mask(page, mask);
    for (size_t i = mode_page_header(page); i < mode_page_size(page); i++) {
        if ((data[i] ^ current[i]) & ~mask[i]) {
            cmd_fail_list(cmd, (unsigned)(list->at + i), -1);
            return false;
        }
    }
    named = mode_page_read(page, data, &values);
    selection->mask |= named;
    selection->values = (selection->values & ~named) | values;
    list->at += mode_page_size(page);
    return true;
}

/* The modes that CMD has changed, while it waits: which (`step`), and to what (`step_length`).
 */
static void
take_back(struct scsi_cmd *cmd)
{
    lun_set_modes(cmd_lun(cmd), (unsigned)cmd->step, ~(unsigned)cmd->step_length);
}

static void
tell_and_end(struct scsi_cmd *cmd)
{
    if (cmd->step != 0)
        lun_raise(cmd_lun(cmd), ATTENTION_MODE_CHANGED, cmd->nexus);
    cmd_finish(cmd, cmd->aborted ? SCSI_TASK_ABORTED : SCSI_GOOD);
}

struct mode_save {
    struct lun_save save;
    struct saved_modes modes;
    struct scsi_cmd *cmd;
};

static void
saved(struct lun_save *save)
{
    struct mode_save *s = (struct mode_save *)save;
    struct scsi_cmd *cmd = s->cmd;
    bool failed = save->error != 0;

    if (failed)
        take_back(cmd);
    else
        lun_set_saved_modes(save->lun, &s->modes, false);
    atomic_store(&save->lun->is_saving, false);
    free(s);
    if (failed)
        cmd_fail(cmd, SENSE_INTERNAL_TARGET_FAILURE);
    else
        tell_and_end(cmd);
}

/* SP: all pages are saved, whichever were in the list (SPC-4 section 6.11). One save at a time:
 * two could come to the disk in another order. */
static void
save_modes(struct scsi_cmd *cmd)
{
    struct lun *lun = cmd_lun(cmd);
    bool is_busy = atomic_exchange(&lun->is_saving, true);
    struct mode_save *s = is_busy ? NULL : calloc(1, sizeof *s);

    if (s == NULL) {
        if (!is_busy)
            atomic_store(&lun->is_saving, false);
        take_back(cmd);
        cmd_finish(cmd, SCSI_BUSY);
        return;
    }
    s->cmd = cmd;
    s->modes =
        (struct saved_modes){LUN_MODES_OF_PAGES, atomic_load(&lun->modes) & LUN_MODES_OF_PAGES};
    s->save = (struct lun_save){.lun = lun, .modes = &s->modes, .done = saved};
    lun->save(&s->save);
}

/* The modes are in force, and the store has what it must. */
static void
in_force(struct scsi_cmd *cmd)
{
    if (cmd->cdb[1] & SP)
        save_modes(cmd);
    else
        tell_and_end(cmd);
}

/* The store has everything, or it could not be had and the modes are what they were. */
static void
flushed(struct store_io *io)
{
    struct scsi_cmd *cmd = disk_cmd(io);

    if (io->error == 0) {
        in_force(cmd);
        return;
    }
    take_back(cmd);
    (void)disk_succeeded(io, 0);
}

/*
 * Without write cache, or write protected, nothing may be left that is not stable (SBC-3
 * section 6.5.5, SPC-4 section 7.5.8). The mode comes first: what is written while the store is
 * flushed is then made stable by its own command.
 */
static void
change(struct scsi_cmd *cmd, const struct selection *selection)
{
    struct lun *lun = cmd_lun(cmd);
    unsigned values = selection->values;
    unsigned changed = (atomic_load(&lun->modes) ^ values) & selection->mask;
    bool flushes = (changed & LUN_WRITE_CACHE & ~values) || (changed & LUN_SWP & values);

    /* nor does it change what others may do */
    if ((changed != 0 || (cmd->cdb[1] & SP)) && cmd->nexus->read_only) {
        cmd_fail(cmd, SENSE_WRITE_PROTECTED);
        return;
    }
    changed = lun_set_modes(lun, selection->mask, values);
    cmd->step = changed;
    cmd->step_length = values & changed;
    if (flushes && lun->store != NULL && (lun->store->capabilities & STORE_CAN_FLUSH))
        disk_submit(cmd, STORE_FLUSH, 0, 0, NULL, flushed);
    else
        in_force(cmd);
}

static void
mode_select(struct scsi_cmd *cmd, const struct header *header)
{
    struct list list = {0};
    struct selection selection = {0};

    if (cmd->out_length == 0) { /* a parameter list of no bytes is no error */
        change(cmd, &selection);
        return;
    }
    if (cmd->out == NULL || cmd->out->length < cmd->out_length) {
        cmd_fail(cmd, SENSE_PARAMETER_LIST_LENGTH);
        return;
    }
    list.data = cmd->out->data;
    list.length = cmd->out_length;
    if (!read_header(cmd, &list, header))
        return;
    while (list.at < list.length) {
        if (!read_page(cmd, &list, &selection))
            return;
    }
    change(cmd, &selection);
}

void
mode_select_6(struct scsi_cmd *cmd)
{
    mode_select(cmd, &header_6);
}

void
mode_select_10(struct scsi_cmd *cmd)
{
    mode_select(cmd, &header_10);
}
