/* test_document.c: merge patches, stored form, and every rule of the configuration. */
#include <stdio.h>
#include <string.h>

#include "catalog/document.h"
#include "catalog/identity.h"
#include "catalog/schema.h"
#include "core/error.h"
#include "documents.h"
#include "suites.h"

#define T "iqn.2026-01.org.example:t"

static void
setup(void)
{
    struct error err = {0};

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
}

/* RFC 7396 appendix A, all of it. */
static const struct {
    const char *original, *patch, *result;
} merges[] = {
    {"{'a':'b'}", "{'a':'c'}", "{'a':'c'}"},
    {"{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}"},
    {"{'a':'b'}", "{'a':null}", "{}"},
    {"{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}"},
    {"{'a':['b']}", "{'a':'c'}", "{'a':'c'}"},
    {"{'a':'c'}", "{'a':['b']}", "{'a':['b']}"},
    {"{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}"},
    {"{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}"},
    {"['a','b']", "['c','d']", "['c','d']"},
    {"{'a':'b'}", "['c']", "['c']"},
    {"{'a':'foo'}", "null", "null"},
    {"{'a':'foo'}", "'bar'", "'bar'"},
    {"{'e':null}", "{'a':1}", "{'a':1,'e':null}"},
    {"[1,2]", "{'a':'b','c':null}", "{'a':'b'}"},
    {"{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}"},
};

START_TEST(a_merge_patch_does_what_its_standard_says)
{
    json_t *original = json_of(merges[_i].original), *patch = json_of(merges[_i].patch);
    json_t *result = document_merge(original, patch);

    ck_assert_str_eq(text_of_json(result), merges[_i].result);
    ck_assert_str_eq(text_of_json(original), merges[_i].original);
    ck_assert_str_eq(text_of_json(patch), merges[_i].patch);
    json_decref(result);
    json_decref(patch);
    json_decref(original);
}
END_TEST

#define GROUP        "'portal_groups':{'1':{'portals':[{'address':'127.0.0.1','port':3260}]}}"
#define DISK         "'d':{'type':'ram','size':4096}"
#define FILE_        "'type':'rdwr','path':'/x'"
#define LOCKED(auth) "{" GROUP ",'targets':{'" T "':{'acls':{'*':{'auth':{" auth "}}}}}}"

static const struct {
    const char *document;
    const char *problems; /* each must be there, by '|'; "" where it is fine */
} rules[] = {
    {"{'version':1," GROUP ",'backstores':{" DISK "},'targets':{'" T
     "':{'luns':{'0':{'backstore':'d'},'16383':{'backstore':'d'}},'acls':{'*':{}}}}}",
     ""},
    {"[]", ": expected object"},
    {"{'version':1," GROUP ",'targets':{'" T "':{'luns':{'0':{'backstore':'e'}}}}}",
     "/targets/" T "/luns/0/backstore: there is no backstore \"e\""},
    {"{" GROUP ",'backstores':{'disk0':{'type':'ram','size':512}},'targets':{'" T
     "':{'luns':{'0':{'backstore':'dsik0'}}}}}",
     "/targets/" T
     "/luns/0/backstore: there is no backstore \"dsik0\"; did you mean \"disk0\"?"},
    {"{" GROUP ",'targets':{'" T "':{'portal_groups':[1,7]}}}",
     "/targets/" T "/portal_groups/1: there is no portal group 7"},
    {"{" GROUP ",'targets':{'" T "':{'portal_groups':[]}}}",
     "/targets/" T "/portal_groups: too few items (at least 1)"},
    {"{'portal_groups':{},'targets':{'" T "':{}}}",
     "/targets/" T ": a target is on portal group 1 where it does not name any, and there is "
     "no portal group 1"},
    {"{'portal_groups':{'1':{'portals':[{'address':'::1'},{'address':'0:0::1','port':3260}]},"
     "'2':{'portals':[{'address':'127.0.0.1'},{'address':'::1','port':3261},"
     "{'address':'::1'}]}}}",
     "/portal_groups/1/portals/1: [::1]:3260 is in portal group 1 already|"
     "/portal_groups/2/portals/2: [::1]:3260 is in portal group 1 already"},
    {"{'portal_groups':{'1':{'portals':[{'address':'1.2.3'}]}}}",
     "/portal_groups/1/portals/0/address: \"1.2.3\" is not a numeric IPv4 or IPv6 address"},
    {"{'portal_groups':{'0':{'portals':[{'address':'::'}]}}}", "/portal_groups/0: "},
    {"{'portal_groups':{'65536':{'portals':[{'address':'::'}]}}}", "/portal_groups/65536: "},
    {"{" GROUP ",'backstores':{" DISK "},'targets':{'" T
     "':{'luns':{'16384':{'backstore':'d'},'00':{'backstore':'d'},'x':{'backstore':'d'}}}}}",
     "/targets/" T "/luns/16384: |/targets/" T "/luns/00: |/targets/" T "/luns/x: "},
    {"{'backstores':{'a':{" FILE_ "},'b':{" FILE_ "}}}",
     "/backstores/b/path: is the path of backstore \"a\" too"},
    {"{'backstores':{'a':{" FILE_ ",'naa':'300000000000000A'},"
     "'b':{'type':'null','size':512,'naa':'300000000000000a'}}}",
     "/backstores/b/naa: is the NAA identifier of backstore \"a\" too"},
    {"{'backstores':{'a':{" FILE_ ",'serial':'1'},'b':{'type':'null','size':512,"
     "'serial':'1'}}}",
     "/backstores/b/serial: is the serial number of backstore \"a\" too"},
    {"{'backstores':{'a':{" FILE_ ",'create':true}}}",
     "/backstores/a: missing member \"size\": create needs it"},
    {"{'backstores':{'a':{'type':'ram'},'b':{'type':'null'}}}",
     "/backstores/a: missing member \"size\"|/backstores/b: missing member \"size\""},
    {"{'backstores':{'a':{'type':'ram','size':513},"
     "'b':{'type':'ram','size':5120,'block_size':4096}}}",
     "/backstores/a/size: not a multiple of the block size (512)|"
     "/backstores/b/size: not a multiple of the block size (4096)"},
    {"{" GROUP ",'targets':{'iqn.2026-01.org.example:A':{},'iqn.2026-01.org.example:a':{}}}",
     "/targets/iqn.2026-01.org.example:a: differs from target \"iqn.2026-01.org.example:A\" in "
     "upper and lower case only"},
    {"{" GROUP ",'targets':{'" T "':{'acls':{'iqn.2026-01.b:A':{},'iqn.2026-01.b:a':{}}}}}",
     "/targets/" T
     "/acls/iqn.2026-01.b:a: differs from initiator \"iqn.2026-01.b:A\" in upper"},
    {"{" GROUP ",'targets':{'" T "':{'acls':{'*':{},'iqn.2026-01.b:*':{},'*:?x':{'networks':"
     "['192.0.2.0/24','192.0.2.7/32','0.0.0.0/0','::/0','::1/128']}}}}}",
     ""},
    {"{" GROUP ",'targets':{'" T "':{'acls':{'host':{},'a b*':{},'a,*':{}}}}}",
     "/acls/host: \"host\" is not an initiator's iSCSI name|/acls/a b*: \"a b*\" is not|"
     "/acls/a,*: \"a,*\" is not"},
    {"{" GROUP ",'targets':{'" T "':{'acls':{'*':{'networks':['192.0.2.0/24','192.0.2.7/24',"
     "'10.0.0.1','10.0.0.0/33','2001:db8::1/32','host/8','::ffff:10.0.0.0/104']}}}}}",
     "/acls/*/networks/1: \"192.0.2.7/24\" has bits set beyond its prefix: write 192.0.2.0/24|"
     "/acls/*/networks/2: \"10.0.0.1\" has no prefix length: for this address alone write "
     "10.0.0.1/32|"
     "/acls/*/networks/3: \"10.0.0.0/33\" has a prefix length that is not a number from 0 to|"
     "/acls/*/networks/4: \"2001:db8::1/32\" has bits set beyond its prefix|"
     "/acls/*/networks/5: \"host/8\" is not a network|"
     "/acls/*/networks/6: \"::ffff:10.0.0.0/104\" is made of IPv4 addresses: write 10.0.0.0/8"},
    {"{" GROUP ",'targets':{'" T "':{'acls':{'*':{'networks':[]},'iqn.2026-01.b:x':{'networks':"
     "['::/0','::/0']},'iqn.2026-01.b:y':{'networks':[7]},'iqn.2026-01.b:z':7}}}}",
     "/acls/*/networks: too few items|/acls/iqn.2026-01.b:x/networks|"
     "/acls/iqn.2026-01.b:y/networks/0: expected string|/acls/iqn.2026-01.b:z: expected "
     "object"},
    {"{" GROUP ",'backstores':{" DISK "},'targets':{'" T "':{'luns':{'0':{'backstore':'d'},"
     "'5':{'backstore':'d'}},'acls':{'*':{'luns':[{'lun':5,'seen_as':0},{'lun':0,'seen_as':1,"
     "'read_only':true}]},'iqn.2026-01.b:x':{'luns':[]}}}}}",
     ""},
    {"{" GROUP ",'backstores':{" DISK "},'targets':{'" T "':{'luns':{'0':{'backstore':'d'},"
     "'5':{'backstore':'d'}},'acls':{'*':{'luns':[{'lun':5},{'lun':0,'seen_as':5},{'lun':5,"
     "'seen_as':6},{'lun':7}]}}}}}",
     "/acls/*/luns/1: another LUN is seen as 5 already|/acls/*/luns/2: LUN 5 is in the list "
     "already|/acls/*/luns/3: the target has no LUN 7"},
    {"{" GROUP ",'targets':{'" T "':{'acls':{'*':{'luns':[{'lun':16384},{'seen_as':1},"
     "{'lun':'a'},7,{'lun':0,'read_only':1,'as':2}]}}}}}",
     "/luns/0/lun: above the maximum|/luns/1: missing member \"lun\"|/luns/2/lun: expected "
     "integer|/luns/3: expected object|/luns/4/read_only: expected boolean|/luns/4/as: unknown "
     "member \"as\""},
    {"{" GROUP ",'targets':{'" T "':{'acls':{'*':{'luns':{'0':{'lun':5}}}}}}}",
     "/acls/*/luns: expected array"},
    /* Where initiators are sent. */
    {"{'portal_groups':{'1':{'portals':[{'address':'127.0.0.1'}],'redirect':{'address':"
     "'127.0.0.1','port':3261}},'2':{'portals':[{'address':'::1'}],'redirect':{'address':"
     "'a-1.example'}}},'targets':{'" T "':{'redirect':{'address':'::1','permanent':true}}}}",
     ""},
    {"{'portal_groups':{'1':{'portals':[{'address':'127.0.0.1'},{'address':'::1','port':9}],"
     "'redirect':{'address':'0::1','port':9}}},'targets':{'" T
     "':{'redirect':{'address':'127.0.0.1'}},'" T "2':{'portal_groups':[1],'redirect':{"
     "'address':'127.0.0.1','port':3260}}}}",
     "/portal_groups/1/redirect: leads back to portal group 1|"
     "/targets/" T "/redirect: leads back to portal group 1, where the target is|"
     "/targets/" T "2/redirect: leads back to portal group 1, where the target is"},
    /* A circle of three, which a fourth leads into; and a chain that ends. */
    {"{'portal_groups':{'4':{'portals':[{'address':'127.0.0.4'}],'redirect':{'address':"
     "'127.0.0.2'}},'1':{'portals':[{'address':'127.0.0.1'}],'redirect':{'address':"
     "'127.0.0.2'}},'2':{'portals':[{'address':'127.0.0.2'}],'redirect':{'address':'::1'}},"
     "'3':{'portals':[{'address':'0::1'}],'redirect':{'address':'127.0.0.1'}}}}",
     "/portal_groups/1/redirect: leads back to portal group 2"},
    {"{'portal_groups':{'1':{'portals':[{'address':'127.0.0.1'}],'redirect':{'address':"
     "'127.0.0.2'}},'2':{'portals':[{'address':'127.0.0.2'}],'redirect':{'address':'::1'}},"
     "'3':{'portals':[{'address':'::1'}]},'4':{'portals':[{'address':'127.0.0.4'}],"
     "'redirect':{'address':'127.0.0.2'}}}}",
     ""},
    {"{" GROUP ",'targets':{'" T "':{'redirect':{'address':'1.2.3'}},'" T
     "1':{'redirect':{'address':'::g'}},'" T "2':{'redirect':{'address':'0.0.0.0'}},'" T
     "3':{'redirect':{'address':'0::0'}},'" T "4':{'redirect':{'address':'a b'}},'" T
     "5':{'redirect':{'port':0}},'" T "6':{'redirect':{'address':'::1:2:'}},'" T
     "7':{'redirect':7}}}",
     "/targets/" T "/redirect/address: \"1.2.3\" is not an IPv4 or IPv6 address|"
     "/targets/" T "1/redirect/address: \"::g\" is not a host name or an IP address|"
     "/targets/" T "2/redirect/address: initiators cannot go to \"0.0.0.0\"|"
     "/targets/" T "3/redirect/address: initiators cannot go to \"0::0\"|"
     "/targets/" T "4/redirect/address: \"a b\" is not a host name or an IP address|"
     "/targets/" T "5/redirect: missing member \"address\"|/targets/" T
     "5/redirect/port: below the minimum|"
     "/targets/" T "6/redirect/address: \"::1:2:\" is not an IPv4 or IPv6 address|"
     "/targets/" T "7/redirect: expected object"},
    {"{" GROUP ",'targets':{'" T "':{'parameters':{'first_burst_length':1048577}}}}",
     "/targets/" T "/parameters/first_burst_length: more than max_burst_length (1048576)"},
    {"{" GROUP ",'targets':{'" T "':{'parameters':{'max_burst_length':512}}}}", ""},
    {"{" GROUP ",'targets':{'" T
     "':{'parameters':{'first_burst_length':513,'max_burst_length':512}}}}",
     "/parameters/first_burst_length: more than max_burst_length (512)"},
    {"{'backstores':{'a/b':{'type':'ram','size':512}}}", "/backstores/a~1b: "},
    {"{'backstores':{'a':{'type':'tape'}}}", "/backstores/a/type: not one of "},
    /* Users and secrets. */
    {LOCKED("'user':'u','secret':'twelve bytes'"), ""},
    {LOCKED("'user':'u','secret':'twelve bytes','mutual_user':'u','mutual_secret':"
            "'twelve others','algorithms':['sha3-256','md5']"),
     ""},
    {LOCKED("'user':'u'"), "/targets/" T "/acls/*/auth/secret: secret is missing, and none is "
                           "stored for this user"},
    {LOCKED("'user':'u','secret':'eleven byte'"),
     "/targets/" T "/acls/*/auth/secret: too short (at least 12 characters)"},
    {LOCKED("'secret':'twelve bytes'"), "/acls/*/auth: missing member \"user\""},
    {LOCKED("'user':'','secret':'twelve bytes'"), "/acls/*/auth/user: too short"},
    {LOCKED("'user':'u','secret':'twelve bytes','mutual_user':'t'"),
     "/acls/*/auth/mutual_secret: mutual_secret is missing"},
    {LOCKED("'user':'u','secret':'twelve bytes','mutual_secret':'twelve others'"),
     "/acls/*/auth/mutual_user: mutual_user is missing"},
    {LOCKED("'user':'u','secret':'twelve bytes','mutual_user':'t','mutual_secret':"
            "'twelve bytes'"),
     "/acls/*/auth/mutual_secret: mutual_secret is the same as secret"},
    {LOCKED("'user':'u','secret':'twelve bytes','algorithms':[]"),
     "/acls/*/auth/algorithms: too few items"},
    {LOCKED("'user':'u','secret':'twelve bytes','algorithms':['md4']"),
     "/acls/*/auth/algorithms/0: not one of "},
    {LOCKED("'user':'u','secret':'twelve bytes','pasword':'x'"),
     "/acls/*/auth/pasword: unknown member"},
    {"{" GROUP ",'discovery':{'auth':{'user':'u'}}}",
     "/discovery/auth/secret: secret is missing"},
    {"{" GROUP ",'discovery':{'auth':7,'x':1}}",
     "/discovery/auth: expected object or null|/discovery/x: unknown member"},
    {"{" GROUP ",'discovery':[]}", "/discovery: expected object"},
    {LOCKED("'user':['u'],'secret':{},'mutual_secret':5"),
     "/acls/*/auth/user: expected string|/acls/*/auth/secret: expected string"},
    /* Five at once, of the schema and of the rules. */
    {"{" GROUP ",'backstorse':{},'backstores':{'a':{'type':'ram','sise':512}},'targets':{'" T
     "':{'luns':{'0':{'backstore':'b'}},'portal_groups':[2]}}}",
     "/backstorse: unknown member \"backstorse\"; did you mean \"backstores\"?|"
     "/backstores/a: missing member \"size\"|"
     "/backstores/a/sise: unknown member \"sise\"; did you mean \"size\"?|"
     "/luns/0/backstore: there is no backstore \"b\"|there is no portal group 2"},
    /* Types that nobody expects. */
    {"{'portal_groups':[],'backstores':5,'targets':{'" T "':[]}}",
     "/portal_groups: expected object|/backstores: expected object|/targets/" T
     ": expected object"},
    {"{'portal_groups':{'1':{'portals':{}}},'targets':{'" T "':{'luns':{'0':7},'acls':[],"
     "'portal_groups':['a'],'parameters':{'first_burst_length':'x'}}}}",
     "/portal_groups/1/portals: expected array|/luns/0: expected object"},
};

START_TEST(every_rule_is_checked_and_all_problems_are_said)
{
    json_t *document = json_of(rules[_i].document), *problems = json_array();
    size_t count = document_check(document, problems);
    const char *said = text_of_problems(problems), *wanted = rules[_i].problems;

    if (wanted[0] == '\0')
        ck_assert_msg(count == 0, "%s", said);
    ck_assert_uint_eq(count, json_array_size(problems));
    while (wanted[0] != '\0') {
        size_t n = strcspn(wanted, "|");
        char one[512];
        snprintf(one, sizeof one, "%.*s", (int)n, wanted);
        ck_assert_msg(strstr(said, one) != NULL, "\"%s\" is not in: %s", one, said);
        wanted += n + (wanted[n] == '|');
    }
    json_decref(problems);
    json_decref(document);
}
END_TEST

START_TEST(limits_are_problems_that_say_limit_and_value)
{
    json_t *document = json_pack("{s:{}}", "backstores"), *problems = json_array(),
           *limit = NULL;
    json_t *backstores = json_object_get(document, "backstores");
    char name[24];

    for (int i = 0; i <= DOCUMENT_BACKSTORES_MAX; i++) {
        snprintf(name, sizeof name, "d%d", i);
        json_object_set_new(backstores, name,
                            json_pack("{s:s,s:i}", "type", "null", "size", 512));
    }
    ck_assert_uint_eq(document_check(document, problems), 1);
    limit = json_array_get(problems, 0);
    ck_assert_str_eq(json_string_value(json_object_get(limit, "keyword")), "limit");
    ck_assert_int_eq(json_integer_value(json_object_get(limit, "limit")),
                     DOCUMENT_BACKSTORES_MAX);
    ck_assert_int_eq(json_integer_value(json_object_get(limit, "value")),
                     DOCUMENT_BACKSTORES_MAX + 1);
    json_decref(problems);
    json_decref(document);
}
END_TEST

static const struct {
    const char *given, *old, *stored;
} stored_forms[] = {
    {"{}", "{}", "{'backstores':{},'portal_groups':{'1':{}},'targets':{},'version':1}"},
    {"{'portal_groups':{'2':{'portals':[{'address':'::','listening':true}]}}}", "{}",
     "{'backstores':{},'portal_groups':{'2':{'portals':[{'address':'::'}]}},'targets':{},"
     "'version':1}"},
    {"{'backstores':{'a':{'type':'ram','size':512},'b':{'type':'ram','serial':'new'}}}",
     "{'backstores':{'a':{'serial':'1','naa':'2','unmap':true},'b':{'serial':'3'}}}",
     "{'backstores':{'a':{'naa':'2','serial':'1','size':512,'type':'ram'},"
     "'b':{'serial':'new','type':'ram'}},'portal_groups':{'1':{}},'targets':{},'version':1}"},
    /* A secret stays with its user; a null is as nothing. */
    {"{'targets':{'t':{'acls':{'a':{'auth':{'user':'u','secret_set':true}},"
     "'b':{'auth':{'user':'v'}},'c':{'auth':null},'d':{'auth':{'user':'u'}}}}},"
     "'discovery':{'auth':{'user':'x','mutual_user':'y','mutual_secret_set':true}}}",
     "{'targets':{'t':{'acls':{'a':{'auth':{'user':'u','secret':'1'}},"
     "'b':{'auth':{'user':'u','secret':'2'}},'c':{'auth':{'user':'u','secret':'3'}}}}},"
     "'discovery':{'auth':{'user':'x','secret':'4','mutual_user':'y','mutual_secret':'5'}}}",
     "{'backstores':{},'discovery':{'auth':{'mutual_secret':'5','mutual_user':'y',"
     "'secret':'4','user':'x'}},'portal_groups':{'1':{}},'targets':{'t':{'acls':{"
     "'a':{'auth':{'secret':'1','user':'u'}},'b':{'auth':{'user':'v'}},'c':{},"
     "'d':{'auth':{'user':'u'}}}}},'version':1}"},
    {"{'targets':{'t':{'acls':{'a':{'auth':{'user':'u','secret':'new'}}}}},"
     "'discovery':{'auth':null}}",
     "{'targets':{'t':{'acls':{'a':{'auth':{'user':'u','secret':'1','mutual_user':'m',"
     "'mutual_secret':'2'}}}}}}",
     "{'backstores':{},'portal_groups':{'1':{}},'targets':{'t':{'acls':{"
     "'a':{'auth':{'secret':'new','user':'u'}}}}},'version':1}"},
    {"{'targets':{'t':{'acls':[]},'u':[],'v':{'acls':{'a':7,'b':{'auth':[]}}}},"
     "'discovery':5}",
     "{'targets':{'t':{'acls':{}},'v':5}}",
     "{'backstores':{},'discovery':5,'portal_groups':{'1':{}},'targets':{'t':{'acls':[]},"
     "'u':[],'v':{'acls':{'a':7,'b':{'auth':[]}}}},'version':1}"},
    {"[5]", "{}", "[5]"},
    {"{'backstores':7,'extra':1}", "{'backstores':{'a':{'naa':'2'}}}",
     "{'backstores':7,'extra':1,'portal_groups':{'1':{}},'targets':{},'version':1}"},
};

START_TEST(a_stored_document_has_all_maps_and_keeps_identities_and_no_state)
{
    json_t *given = json_of(stored_forms[_i].given), *old = json_of(stored_forms[_i].old);
    json_t *groups = json_of("{'1':{}}"), *stored = document_stored(given, old, groups);

    ck_assert_str_eq(text_of_json(stored), stored_forms[_i].stored);
    json_decref(stored);
    json_decref(groups);
    json_decref(old);
    json_decref(given);
}
END_TEST

START_TEST(identities_are_made_once_and_differ)
{
    static const char text[] = "{'backstores':{'a':{},'b':{},'c':{'serial':'mine'}}}";
    json_t *document = json_of(text), *elsewhere = json_of(text);
    json_t *once;
    struct error err = {0};
    struct identity made;

    ck_assert_int_eq(document_make_identities(document, &err), 0);
    ck_assert_str_ne(json_string_value(json_at(document, "/backstores/a/naa")),
                     json_string_value(json_at(document, "/backstores/b/naa")));
    ck_assert_str_ne(json_string_value(json_at(document, "/backstores/a/serial")),
                     json_string_value(json_at(document, "/backstores/b/serial")));
    ck_assert_str_eq(json_string_value(json_at(document, "/backstores/c/serial")), "mine");
    once = json_deep_copy(document);
    ck_assert_int_eq(document_make_identities(document, &err), 0);
    ck_assert(json_equal(once, document));
    /* nor does another host make the same for what has the same name there */
    ck_assert_int_eq(document_make_identities(elsewhere, &err), 0);
    ck_assert_str_ne(json_string_value(json_at(document, "/backstores/a/naa")),
                     json_string_value(json_at(elsewhere, "/backstores/a/naa")));
    ck_assert_str_ne(json_string_value(json_at(document, "/backstores/a/serial")),
                     json_string_value(json_at(elsewhere, "/backstores/a/serial")));
    json_decref(once);
    json_decref(elsewhere);
    json_decref(document);

    ck_assert_int_eq(identity_make(&made), 0);
    ck_assert_uint_eq(strlen(made.serial), 20);
    ck_assert_uint_eq(strlen(made.naa), 16);
    ck_assert_int_eq(made.naa[0], '3'); /* locally assigned */
    ck_assert_uint_le(strlen(identity_revision()), 4);
    ck_assert_uint_le(strlen(IDENTITY_VENDOR), 8);
    ck_assert_uint_le(strlen(IDENTITY_PRODUCT), 16);
}
END_TEST

START_TEST(a_complete_document_has_every_default)
{
    json_t *document = json_of("{'targets':{'" T "':{'luns':{'0':{'backstore':'d'}}}},"
                               "'backstores':{'d':{'type':'rdwr','path':'/x'}}}");
    json_t *complete = document_complete(document);

    ck_assert(json_is_true(json_at(complete, "/targets/" T "/enabled")));
    ck_assert(json_is_object(json_at(complete, "/targets/" T "/acls")));
    ck_assert_int_eq(
        json_integer_value(json_at(complete, "/targets/" T "/parameters/max_burst_length")),
        1048576);
    ck_assert(json_is_false(json_at(complete, "/targets/" T "/luns/0/read_only")));
    ck_assert_int_eq(json_integer_value(json_at(complete, "/backstores/d/block_size")), 512);
    ck_assert_ptr_null(json_at(document, "/targets/" T "/enabled"));
    json_decref(complete);
    json_decref(document);
}
END_TEST

static const struct {
    const char *portals[3];
    size_t count;
    const char *groups; /* NULL: refused */
} portal_lists[] = {
    {{NULL}, 0, "{'1':{'portals':[{'address':'::','port':3260}]}}"},
    {{"127.0.0.1:3261", "[::1]:5"},
     2,
     "{'1':{'portals':[{'address':'127.0.0.1','port':3261},{'address':'::1','port':5}]}}"},
    {{"localhost:3260"}, 1, NULL},
    {{"127.0.0.1:3261", "127.0.0.1:0"}, 2, NULL},
};

START_TEST(the_first_portal_group_is_made_of_texts)
{
    struct error err = {0};
    json_t *groups =
        document_portal_groups(portal_lists[_i].portals, portal_lists[_i].count, &err);

    if (portal_lists[_i].groups == NULL) {
        ck_assert_ptr_null(groups);
        ck_assert_ptr_nonnull(strstr(err.message, "is not a portal"));
    } else {
        ck_assert_str_eq(text_of_json(groups), portal_lists[_i].groups);
    }
    json_decref(groups);
}
END_TEST

TCase *
document_cases(void)
{
    TCase *t = tcase_create("document");

    tcase_add_checked_fixture(t, setup, schema_unload);
    tcase_add_loop_test(t, a_merge_patch_does_what_its_standard_says, 0,
                        sizeof merges / sizeof merges[0]);
    tcase_add_loop_test(t, every_rule_is_checked_and_all_problems_are_said, 0,
                        sizeof rules / sizeof rules[0]);
    tcase_add_test(t, limits_are_problems_that_say_limit_and_value);
    tcase_add_loop_test(t, a_stored_document_has_all_maps_and_keeps_identities_and_no_state, 0,
                        sizeof stored_forms / sizeof stored_forms[0]);
    tcase_add_test(t, identities_are_made_once_and_differ);
    tcase_add_test(t, a_complete_document_has_every_default);
    tcase_add_loop_test(t, the_first_portal_group_is_made_of_texts, 0,
                        sizeof portal_lists / sizeof portal_lists[0]);
    return t;
}
