/* initiators.c: commands of several initiators to one logical unit. */
#include "initiators.h"

#include <stdio.h>
#include <string.h>

/* The target has two ports; the initiators come through the first. */
static const struct target_port_group groups[] = {{.tag = 1}, {.tag = 2}};

static void
log_in(struct initiators *all, struct initiator *i)
{
    i->nexus = nexus_new(all->f.lun, &i->it, false, NULL);
    ck_assert_ptr_nonnull(i->nexus);
    ck_assert_int_eq(nexus_take_attention(i->nexus), ATTENTION_POWER_ON);
}

void
initiators_open(struct initiators *all)
{
    fixture_open(&all->f);
    for (int n = 0; n < INITIATORS; n++) {
        struct initiator *i = &all->each[n];

        snprintf(i->name, sizeof i->name, "iqn.2026-11.org.example:%c", 'A' + n);
        snprintf(i->port, sizeof i->port, "iqn.2026-11.org.example:%c,i,0x00023d00000%d",
                 'A' + n, n);
        i->it = all->f.it;
        i->it.initiator_name = i->name;
        i->it.initiator_port = i->port;
        i->it.port_groups = groups;
        i->it.port_group_count = sizeof groups / sizeof groups[0];
        log_in(all, i);
    }
}

void
initiators_close(struct initiators *all)
{
    for (int n = 0; n < INITIATORS; n++)
        nexus_free(all->each[n].nexus);
    fixture_close(&all->f);
}

struct initiator *
initiator(struct initiators *all, char who)
{
    ck_assert(who >= 'A' && who < 'A' + INITIATORS);
    return &all->each[who - 'A'];
}

void
initiator_leave(struct initiators *all, char who)
{
    nexus_free(initiator(all, who)->nexus);
    initiator(all, who)->nexus = NULL;
}

void
initiator_return(struct initiators *all, char who)
{
    log_in(all, initiator(all, who));
}

const char *
ask_with(struct initiators *all, char who, const char *cdb, const void *out, size_t length,
         struct call *c)
{
    struct initiator *i = initiator(all, who);

    call_init(c, &all->f, cdb);
    c->cmd.it_nexus = &i->it;
    c->cmd.nexus = i->nexus;
    call_run(c, &all->f, out, length);
    return outcome(c);
}

const char *
ask(struct initiators *all, char who, const char *cdb)
{
    struct call c;
    const char *text = ask_with(all, who, cdb, NULL, 0, &c);

    call_end(&c);
    return text;
}

void
pr_out_list(uint8_t list[24], uint64_t key, uint64_t new_key, unsigned flags)
{
    memset(list, 0, 24);
    put_be64(list, key);
    put_be64(list + 8, new_key);
    list[20] = (uint8_t)flags;
}

const char *
pr_out_of(struct initiators *all, char who, enum pr_action action, unsigned type, uint64_t key,
          uint64_t new_key, unsigned flags)
{
    uint8_t list[24];
    char cdb[32];
    struct call c;

    pr_out_list(list, key, new_key, flags);
    snprintf(cdb, sizeof cdb, "5f %02x %02x 00 00 00 00 00 18 00", action, type);
    return ask_with(all, who, cdb, list, sizeof list, &c);
}

void
enrol(struct initiators *all, char who, uint64_t key)
{
    assert_good(pr_out_of(all, who, PR_REGISTER, 0, 0, key, 0));
}

const char *
pr_in(struct initiators *all, char who, unsigned action, unsigned allocation_length)
{
    static char text[4096];
    char cdb[32];
    struct call c;
    size_t n = 0;

    snprintf(cdb, sizeof cdb, "5e %02x 00 00 00 00 00 %04x 00", action, allocation_length);
    assert_good(ask_with(all, who, cdb, NULL, 0, &c));
    text[0] = '\0';
    for (size_t i = 0; i < c.cmd.in_length; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%02x", c.cmd.in->data[i]);
    call_end(&c);
    return text;
}

const char *
access_of(struct initiators *all, char who)
{
    static char text[3];
    uint8_t block[BLOCK] = {0};
    struct call c;

    text[0] = strcmp(ask(all, who, "28 00 00000000 00 0001 00"), "GOOD") == 0 ? 'R' : '-';
    text[1] = strcmp(ask_with(all, who, "2a 00 00000000 00 0001 00", block, sizeof block, &c),
                     "GOOD") == 0
                  ? 'W'
                  : '-';
    return text;
}
