/* test_plan.c: the changes between two documents, and whom they disturb. */
#include <string.h>

#include "catalog/commit.h"
#include "catalog/document.h"
#include "catalog/plan.h"
#include "catalog/schema.h"
#include "core/error.h"
#include "documents.h"
#include "suites.h"

#define T "iqn.2026-01.org.example:t"
#define I "iqn.2026-01.org.example:i"

static void
setup(void)
{
    struct error err = {0};

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
}

#define GROUP  "'portal_groups':{'1':{'portals':[{'address':'::'}]}}"
#define DISKS  "'backstores':{'d':{'type':'ram','size':4096},'e':{'type':'null','size':512}}"
#define TARGET "'targets':{'" T "':{'luns':{'0':{'backstore':'d'}},'acls':{'*':{}}}}"
#define BASE   "{" GROUP "," DISKS "," TARGET "}"
#define SECRET "'user':'u','secret':'twelve bytes'"
#define LOCKED "{" GROUP ",'targets':{'" T "':{'acls':{'*':{'auth':{" SECRET "}}}}}}"

#define LUNS "'luns':{'0':{'backstore':'d'},'1':{'backstore':'e'}}"
#define TWO  "{" GROUP "," DISKS ",'targets':{'" T "':{" LUNS ",'acls':{'*':{}}}}}"
#define MASKED                                       \
    "{" GROUP "," DISKS ",'targets':{'" T "':{" LUNS \
    ",'acls':{'*':{'luns':[{'lun':0,'seen_as':7}]}}}}}"

/* In each, one session of I is open on T. */
static const struct {
    const char *before, *patch, *changes, *in_the_way;
} plans[] = {
    {BASE, "{}", "[]", "[]"},
    /* What is its default is as if it were absent. */
    {BASE, "{'targets':{'" T "':{'enabled':true,'portal_groups':[1],'parameters':{}}}}", "[]",
     "[]"},
    {"{}", BASE,
     "[{'after':{'portals':[{'address':'::'}]},'op':'add','path':'/portal_groups/1'},"
     "{'after':{'size':4096,'type':'ram'},'op':'add','path':'/backstores/d'},"
     "{'after':{'size':512,'type':'null'},'op':'add','path':'/backstores/e'},"
     "{'after':{'acls':{'*':{}},'luns':{'0':{'backstore':'d'}}},'op':'add','path':'/targets/" T
     "'}]",
     "[]"},
    {BASE, "{'backstores':{'e':null},'targets':{'" T "':{'alias':'first'}}}",
     "[{'after':'first','op':'add','path':'/targets/" T "/alias'},"
     "{'before':{'size':512,'type':'null'},'op':'remove','path':'/backstores/e'}]",
     "[]"},
    {BASE, "{'targets':{'" T "':null}}",
     "[{'before':{'acls':{'*':{}},'luns':{'0':{'backstore':'d'}}},'disruptive':true,"
     "'op':'remove','path':'/targets/" T "'}]",
     "['s-1']"},
    {BASE, "{'targets':{'" T "':{'luns':{'0':null}}}}",
     "[{'before':{'backstore':'d'},'disruptive':true,'op':'remove','path':'/targets/" T
     "/luns/0'}]",
     "['s-1']"},
    {BASE, "{'targets':{'" T "':{'luns':{'0':{'backstore':'e'}}}}}",
     "[{'after':'e','before':'d','disruptive':true,'op':'replace','path':'/targets/" T
     "/luns/0/backstore'}]",
     "['s-1']"},
    {BASE, "{'targets':{'" T "':{'luns':{'0':{'enabled':false}}}}}",
     "[{'after':false,'before':true,'disruptive':true,'op':'replace','path':'/targets/" T
     "/luns/0/enabled'}]",
     "['s-1']"},
    {BASE, "{'targets':{'" T "':{'luns':{'1':{'backstore':'e'}}}}}",
     "[{'after':{'backstore':'e'},'op':'add','path':'/targets/" T "/luns/1'}]", "[]"},
    /* The session stays where another entry lets it in. */
    {BASE, "{'targets':{'" T "':{'acls':{'*':null,'" I "':{}}}}}",
     "[{'after':{},'op':'add','path':'/targets/" T "/acls/" I "'},"
     "{'before':{},'op':'remove','path':'/targets/" T "/acls/*'}]",
     "[]"},
    {BASE, "{'targets':{'" T "':{'acls':{'*':null,'iqn.2026-01.b:other':{}}}}}",
     "[{'after':{},'op':'add','path':'/targets/" T "/acls/iqn.2026-01.b:other'},"
     "{'before':{},'disruptive':true,'op':'remove','path':'/targets/" T "/acls/*'}]",
     "['s-1']"},
    /* The session comes from 192.0.2.7, and so from no network any more. */
    {BASE, "{'targets':{'" T "':{'acls':{'*':{'networks':['198.51.100.0/24']}}}}}",
     "[{'after':['198.51.100.0/24'],'disruptive':true,'op':'add','path':'/targets/" T
     "/acls/*/networks'}]",
     "['s-1']"},
    {BASE, "{'targets':{'" T "':{'acls':{'*':{'networks':['192.0.2.7/32']}}}}}",
     "[{'after':['192.0.2.7/32'],'op':'add','path':'/targets/" T "/acls/*/networks'}]", "[]"},
    /* It stays by a pattern; an entry that does not apply takes nothing from it. */
    {BASE, "{'targets':{'" T "':{'acls':{'*':null,'iqn.2026-01.*':{}}}}}",
     "[{'after':{},'op':'add','path':'/targets/" T "/acls/iqn.2026-01.*'},"
     "{'before':{},'op':'remove','path':'/targets/" T "/acls/*'}]",
     "[]"},
    {BASE, "{'targets':{'" T "':{'acls':{'*':null,'" I "':{'networks':['::/0']}}}}}",
     "[{'after':{'networks':['::/0']},'op':'add','path':'/targets/" T "/acls/" I "'},"
     "{'before':{},'disruptive':true,'op':'remove','path':'/targets/" T "/acls/*'}]",
     "['s-1']"},
    {BASE, "{'targets':{'" T "':{'acls':{'" I "':{'networks':['::/0']}}}}}",
     "[{'after':{'networks':['::/0']},'op':'add','path':'/targets/" T "/acls/" I "'}]", "[]"},
    /* What an entry shows: more is welcome, less takes a LUN away. */
    {TWO,
     "{'targets':{'" T "':{'acls':{'*':{'luns':[{'lun':0},{'lun':1,'read_only':true}]}}}}}",
     "[{'after':[{'lun':0,'read_only':false},{'lun':1,'read_only':true}],'op':'add',"
     "'path':'/targets/" T "/acls/*/luns'}]",
     "[]"},
    {TWO, "{'targets':{'" T "':{'acls':{'*':{'luns':[{'lun':0}]}}}}}",
     "[{'after':[{'lun':0,'read_only':false}],'disruptive':true,'op':'add','path':'/targets/" T
     "/acls/*/luns'}]",
     "['s-1']"},
    {TWO, "{'targets':{'" T "':{'acls':{'" I "':{'luns':[{'lun':0}]}}}}}",
     "[{'after':{'luns':[{'lun':0}]},'disruptive':true,'op':'add',"
     "'path':'/targets/" T "/acls/" I "'}]",
     "['s-1']"},
    {TWO, "{'targets':{'" T "':{'acls':{'iqn.2026-01.b:other':{'luns':[]}}}}}",
     "[{'after':{'luns':[]},'op':'add','path':'/targets/" T "/acls/iqn.2026-01.b:other'}]",
     "[]"},
    {TWO,
     "{'targets':{'" T "':{'acls':{'*':{'luns':[{'lun':0,'seen_as':1},{'lun':1,'seen_as':0}]}}}"
     "}}",
     "[{'after':[{'lun':0,'read_only':false,'seen_as':1},{'lun':1,'read_only':false,"
     "'seen_as':0}],'disruptive':true,'op':'add','path':'/targets/" T "/acls/*/luns'}]",
     "['s-1']"},
    {MASKED, "{'targets':{'" T "':{'acls':{'*':{'luns':null}}}}}",
     "[{'before':[{'lun':0,'read_only':false,'seen_as':7}],'disruptive':true,'op':'remove',"
     "'path':'/targets/" T "/acls/*/luns'}]",
     "['s-1']"},
    {MASKED, "{'targets':{'" T "':{'acls':{'*':{'luns':[{'lun':0,'seen_as':7},{'lun':1}]}}}}}",
     "[{'after':[{'lun':0,'read_only':false,'seen_as':7},{'lun':1,'read_only':false}],"
     "'before':[{'lun':0,'read_only':false,'seen_as':7}],'op':'replace','path':'/targets/" T
     "/acls/*/luns'}]",
     "[]"},
    /* A LUN that goes is nothing to whom it was not shown. */
    {MASKED, "{'targets':{'" T "':{'luns':{'1':null}}}}",
     "[{'before':{'backstore':'e'},'op':'remove','path':'/targets/" T "/luns/1'}]", "[]"},
    {MASKED, "{'targets':{'" T "':{'luns':{'0':{'backstore':'e'}}}}}",
     "[{'after':'e','before':'d','disruptive':true,'op':'replace','path':'/targets/" T
     "/luns/0/backstore'}]",
     "['s-1']"},
    /* Nor is the disk behind it. */
    {MASKED, "{'backstores':{'d':{'block_size':4096},'e':{'block_size':4096}}}",
     "[{'after':4096,'before':512,'disruptive':true,'op':'replace',"
     "'path':'/backstores/d/block_size'},"
     "{'after':4096,'before':512,'op':'replace','path':'/backstores/e/block_size'}]",
     "['s-1']"},
    /* Who is in stays in. */
    {BASE, "{'targets':{'" T "':{'redirect':{'address':'192.0.2.9'}}}}",
     "[{'after':{'address':'192.0.2.9'},'op':'add','path':'/targets/" T "/redirect'}]", "[]"},
    {BASE, "{'portal_groups':{'1':{'redirect':{'address':'host','permanent':true}}}}",
     "[{'after':{'address':'host','permanent':true},'op':'add',"
     "'path':'/portal_groups/1/redirect'}]",
     "[]"},
    /* Options of a disk in use, and of one that nobody uses. */
    {BASE, "{'backstores':{'d':{'block_size':4096},'e':{'block_size':4096}}}",
     "[{'after':4096,'before':512,'disruptive':true,'op':'replace',"
     "'path':'/backstores/d/block_size'},"
     "{'after':4096,'before':512,'op':'replace','path':'/backstores/e/block_size'}]",
     "['s-1']"},
    /* What is changed in place disturbs nobody. */
    {BASE, "{'backstores':{'d':{'unmap':true,'serial':'S','read_only':true}}}",
     "[{'after':true,'before':false,'op':'replace','path':'/backstores/d/unmap'},"
     "{'after':'S','op':'add','path':'/backstores/d/serial'},"
     "{'after':true,'before':false,'op':'replace','path':'/backstores/d/read_only'}]",
     "[]"},
    {BASE, "{'backstores':{'d':{'size':8192}}}",
     "[{'after':8192,'before':4096,'op':'replace','path':'/backstores/d/size'}]", "[]"},
    {BASE, "{'backstores':{'d':{'size':512}}}",
     "[{'after':512,'before':4096,'disruptive':true,'op':'replace',"
     "'path':'/backstores/d/size'}]",
     "['d']"},
    {BASE, "{'portal_groups':{'1':{'portals':[{'address':'::1'}]}}}",
     "[{'after':[{'address':'::1','port':3260}],'before':[{'address':'::','port':3260}],"
     "'op':'replace','path':'/portal_groups/1/portals'}]",
     "[]"},
    {BASE, "{'targets':{'" T "':{'parameters':{'queue_depth':5}}}}",
     "[{'after':5,'before':128,'op':'replace','path':'/targets/" T "/parameters/queue_depth'}]",
     "[]"},
    /* Secrets are not told, and who is in stays in. */
    {BASE, "{'targets':{'" T "':{'acls':{'*':{'auth':{" SECRET "}}}}}}",
     "[{'after':{'secret':'(set)','user':'u'},'op':'add','path':'/targets/" T "/acls/*/auth'}]",
     "[]"},
    {LOCKED, "{'targets':{'" T "':{'acls':{'*':{'auth':{'secret':'another secret'}}}}}}",
     "[{'after':'(changed)','before':'(set)','op':'replace','path':'/targets/" T
     "/acls/*/auth/secret'}]",
     "[]"},
    {LOCKED,
     "{'targets':{'" T "':{'acls':{'*':{'auth':{'mutual_user':'t','mutual_secret':"
     "'yet another secret','algorithms':['sha256']}}}}}}",
     "[{'after':'t','op':'add','path':'/targets/" T "/acls/*/auth/mutual_user'},"
     "{'after':'(set)','op':'add','path':'/targets/" T "/acls/*/auth/mutual_secret'},"
     "{'after':['sha256'],'before':['md5','sha1','sha256','sha3-256'],'op':'replace',"
     "'path':'/targets/" T "/acls/*/auth/algorithms'}]",
     "[]"},
    {LOCKED, "{'targets':{'" T "':{'acls':{'*':{'auth':null}}}}}",
     "[{'before':{'secret':'(set)','user':'u'},'op':'remove','path':'/targets/" T
     "/acls/*/auth'}]",
     "[]"},
    {LOCKED, "{'targets':{'" T "':null}}",
     "[{'before':{'acls':{'*':{'auth':{'secret':'(set)','user':'u'}}}},'disruptive':true,"
     "'op':'remove','path':'/targets/" T "'}]",
     "['s-1']"},
    {"{}", "{'discovery':{'auth':{" SECRET "}}}",
     "[{'after':{'auth':{'secret':'(set)','user':'u'}},'op':'add','path':'/discovery'}]", "[]"},
};

/* What OBJECTS name, as an array. */
static json_t *
names_of(const json_t *objects)
{
    json_t *names = json_array(), *object;
    size_t i;

    json_array_foreach (objects, i, object) {
        json_t *id = json_object_get(object, "id");
        json_array_append(names, id != NULL ? id : json_object_get(object, "name"));
    }
    return names;
}

START_TEST(changes_are_told_with_those_they_disturb)
{
    const struct session_summary open[] = {
        {.id = "s-1",
         .target = "IQN.2026-01.org.example:t",
         .initiator = I,
         .remote = "192.0.2.7:48812"},
        {.id = "s-2",
         .target = "iqn.2026-01.org.example:u",
         .initiator = I,
         .remote = "[2001:db8::7]:48812"},
    };
    json_t *given = json_of(plans[_i].before), *patch = json_of(plans[_i].patch);
    json_t *groups = json_object();
    json_t *before = document_stored(given, NULL, groups);
    json_t *after = document_merge(before, patch);
    json_t *before_complete = document_complete(before);
    json_t *after_complete = document_complete(after);
    const struct plan plan = {before, before_complete, after, after_complete, open, 2, NULL};
    json_t *objects = json_array(), *names;
    json_t *changes = plan_changes(&plan, objects);

    ck_assert_str_eq(text_of_json(changes), plans[_i].changes);
    names = names_of(objects);
    ck_assert_str_eq(text_of_json(names), plans[_i].in_the_way);
    json_decref(names);
    json_decref(changes);
    json_decref(objects);
    json_decref(after_complete);
    json_decref(before_complete);
    json_decref(after);
    json_decref(before);
    json_decref(groups);
    json_decref(patch);
    json_decref(given);
}
END_TEST

static const struct {
    const char *before, *after;
    enum plan_effect effect;
    bool can_write;
} effects[] = {
    {"{'type':'rdwr','path':'/a','size':1}", "{'type':'rdwr','path':'/a','size':1}",
     PLAN_NOTHING, true},
    {"{'type':'rdwr','create':true}", "{'type':'rdwr','create':false}", PLAN_NOTHING, true},
    {"{'type':'rdwr','size':1}", "{'type':'rdwr','size':2}", PLAN_RESIZE, true},
    {"{'type':'rdwr','size':1}", "{'type':'rdwr'}", PLAN_RESIZE, true},
    {"{'type':'rdwr','size':1}", "{'type':'rdwr','size':2,'direct':true}", PLAN_REOPEN, true},
    {"{'type':'rdwr','path':'/a'}", "{'type':'rdwr','path':'/b'}", PLAN_REOPEN, true},
    {"{'type':'rdwr','size':1,'serial':'a'}", "{'type':'rdwr'}", PLAN_RECONFIGURE, true},
    {"{'type':'rdwr','size':1,'removable':false}", "{'type':'rdwr','size':2,'removable':true}",
     PLAN_RECONFIGURE, true},
    {"{'type':'rdwr','tas':false}", "{'type':'rdwr','tas':true,'direct':true}", PLAN_REOPEN,
     true},
    /* what is open for writing need not be opened again to be read-only, nor after that */
    {"{'type':'rdwr','read_only':false}", "{'type':'rdwr','read_only':true}", PLAN_RECONFIGURE,
     true},
    {"{'type':'rdwr','read_only':true}", "{'type':'rdwr','read_only':false}", PLAN_RECONFIGURE,
     true},
    {"{'type':'rdwr','read_only':true}", "{'type':'rdwr','read_only':false}", PLAN_REOPEN,
     false},
};

START_TEST(a_backstore_reopens_only_where_it_must)
{
    json_t *before = json_of(effects[_i].before), *after = json_of(effects[_i].after);

    ck_assert_int_eq(plan_backstore_effect(before, after, effects[_i].can_write),
                     effects[_i].effect);
    json_decref(before);
    json_decref(after);
}
END_TEST

TCase *
plan_cases(void)
{
    TCase *t = tcase_create("plan");

    tcase_add_checked_fixture(t, setup, schema_unload);
    tcase_add_loop_test(t, changes_are_told_with_those_they_disturb, 0,
                        sizeof plans / sizeof plans[0]);
    tcase_add_loop_test(t, a_backstore_reopens_only_where_it_must, 0,
                        sizeof effects / sizeof effects[0]);
    return t;
}
