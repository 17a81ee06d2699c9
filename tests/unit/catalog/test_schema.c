/* test_schema.c: the schema interpreter: what it says of wrong values, defaults, the dialect.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/near.h"
#include "catalog/schema.h"
#include "catalog/schema_private.h"
#include "core/error.h"
#include "suites.h"

/* Of Debian's package json-schema-test-suite. */
#define SUITE_FOLDER "/usr/share/json-schema-test-suite/tests/draft7"

static json_t *
parse(const char *text)
{
    json_error_t where;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &where);

    ck_assert_msg(value != NULL, "%s: %s", text, where.text);
    return value;
}

/* "path|keyword|message;…" of all problems. */
static void
say_problems(const json_t *problems, char *text, size_t size)
{
    size_t i;
    json_t *p;

    text[0] = '\0';
    json_array_foreach (problems, i, p)
        snprintf(text + strlen(text), size - strlen(text), "%s%s|%s|%s", i > 0 ? ";" : "",
                 json_string_value(json_object_get(p, "path")),
                 json_string_value(json_object_get(p, "keyword")),
                 json_string_value(json_object_get(p, "message")));
}

static const struct {
    const char *schema, *value, *problems;
} judged[] = {
    {"{\"type\":\"integer\"}", "1", ""},
    {"{\"type\":\"integer\"}", "\"1\"", "|type|expected integer"},
    {"{\"type\":[\"integer\",\"null\"]}", "true", "|type|expected integer or null"},
    {"{\"maximum\":16383,\"minimum\":0}", "16384", "|maximum|above the maximum (16383)"},
    {"{\"minimum\":0}", "-1", "|minimum|below the minimum (0)"},
    {"{\"exclusiveMaximum\":3}", "3", "|exclusiveMaximum|not below (3)"},
    {"{\"multipleOf\":512}", "513", "|multipleOf|not a multiple of 512"},
    {"{\"enum\":[512,4096]}", "1024", "|enum|not one of 512, 4096"},
    {"{\"const\":1}", "2", "|const|must be 1"},
    {"{\"minLength\":2}", "\"\xc3\xa9\"", "|minLength|too short (at least 2 characters)"},
    {"{\"maxLength\":1}", "\"\xc3\xa9\"", ""},
    {"{\"maxLength\":1}", "\"ab\"", "|maxLength|too long (at most 1 characters)"},
    {"{\"pattern\":\"^a+$\"}", "\"b\"", "|pattern|\"b\" does not match ^a+$"},
    {"{\"pattern\":\"^/\",\"x-hint\":\"an absolute path\"}", "\"x.img\"",
     "|pattern|\"x.img\" is not an absolute path"},
    {"{\"pattern\":\"^/\",\"x-hint\":\"an absolute path\"}", "\"/x.img\"", ""},
    {"{\"propertyNames\":{\"pattern\":\"^[0-9]$\",\"x-hint\":\"a digit\"}}", "{\"a\":1}",
     "/a|pattern|\"a\" is not a digit"},
    {"{\"items\":{\"type\":\"integer\"}}", "[1,\"a\",2,null]",
     "/1|type|expected integer;/3|type|expected integer"},
    {"{\"uniqueItems\":true}", "[1,2,1.0]", "|uniqueItems|items 0 and 2 are the same"},
    {"{\"minItems\":1}", "[]", "|minItems|too few items (at least 1)"},
    {"{\"required\":[\"a\",\"b\"]}", "{}",
     "|required|missing member \"a\";|required|missing member \"b\""},
    {"{\"properties\":{\"size\":true},\"additionalProperties\":false}", "{\"sise\":1,\"x\":1}",
     "/sise|additionalProperties|unknown member \"sise\"; did you mean \"size\"?;"
     "/x|additionalProperties|unknown member \"x\""},
    {"{\"properties\":{\"a/b~c\":{\"properties\":{\"d\":{\"type\":\"null\"}}}}}",
     "{\"a/b~c\":{\"d\":1}}", "/a~1b~0c/d|type|expected null"},
    {"{\"propertyNames\":{\"pattern\":\"^[a-z]$\"}}", "{\"a\":1,\"B\":2}",
     "/B|pattern|\"B\" does not match ^[a-z]$"},
    {"{\"additionalProperties\":{\"type\":\"string\"}}", "{\"a\":1}",
     "/a|type|expected string"},
    {"{\"anyOf\":[{\"type\":\"null\"},{\"const\":1}]}", "2",
     "|anyOf|fits none of the alternatives"},
    {"{\"oneOf\":[{\"minimum\":1},{\"maximum\":5}]}", "3",
     "|oneOf|fits 2 of the alternatives, must fit exactly one"},
    {"{\"not\":{\"const\":0}}", "0", "|not|is what it must not be"},
    {"{\"properties\":{\"a\":false}}", "{\"a\":0}", "/a|false|not allowed"},
    {"{\"$ref\":\"#/nowhere\"}", "0", "|$ref|the schema's #/nowhere leads nowhere"},
    {"{\"$ref\":\"#\"}", "0", "|$ref|nested too deep"},
};

START_TEST(every_problem_is_said_with_its_path_and_keyword)
{
    json_t *schema = parse(judged[_i].schema), *value = parse(judged[_i].value);
    json_t *problems = json_array();
    char said[1024];
    size_t count = schema_validate(schema, schema, value, problems);

    say_problems(problems, said, sizeof said);
    ck_assert_str_eq(said, judged[_i].problems);
    ck_assert_uint_eq(count, json_array_size(problems));
    ck_assert_uint_eq(schema_validate(schema, schema, value, NULL), count);
    json_decref(problems);
    json_decref(value);
    json_decref(schema);
    schema_unload();
}
END_TEST

#define UNION                                                                         \
    "{\"x-discriminator\":\"type\",\"oneOf\":["                                       \
    "{\"properties\":{\"type\":{\"const\":\"ram\"},\"size\":{\"type\":\"integer\"}}," \
    "\"required\":[\"size\"],\"additionalProperties\":false},"                        \
    "{\"properties\":{\"type\":{\"const\":\"aio\"},\"direct\":{\"default\":true},"    \
    "\"found\":{\"readOnly\":true}},\"additionalProperties\":false}]}"

static const struct {
    const char *value, *problems;
} tagged[] = {
    {"{\"type\":\"ram\",\"size\":1}", ""},
    {"{\"type\":\"ram\",\"size\":\"a\",\"direct\":true}",
     "/size|type|expected integer;/direct|additionalProperties|unknown member \"direct\""},
    {"{\"type\":\"tape\"}", "/type|enum|not one of \"ram\", \"aio\""},
    {"{}", "|required|missing member \"type\" (one of \"ram\", \"aio\")"},
    {"[]", "|type|expected object"},
};

START_TEST(a_tagged_union_says_the_problems_of_the_alternative_that_was_meant)
{
    json_t *schema = parse(UNION), *value = parse(tagged[_i].value), *problems = json_array();
    char said[1024];

    schema_validate(schema, schema, value, problems);
    say_problems(problems, said, sizeof said);
    ck_assert_str_eq(said, tagged[_i].problems);
    json_decref(problems);
    json_decref(value);
    json_decref(schema);
}
END_TEST

START_TEST(problems_are_counted_all_and_listed_up_to_a_hundred)
{
    json_t *schema = parse("{\"items\":{\"type\":\"null\"}}"), *value = json_array();
    json_t *problems = json_array();

    for (int i = 0; i < 250; i++)
        json_array_append_new(value, json_integer(i));
    ck_assert_uint_eq(schema_validate(schema, schema, value, problems), 250);
    ck_assert_uint_eq(json_array_size(problems), 100);
    json_decref(problems);
    json_decref(value);
    json_decref(schema);
}
END_TEST

START_TEST(a_long_path_is_cut_and_does_no_harm)
{
    json_t *schema = parse("{\"additionalProperties\":{\"$ref\":\"#\"},\"type\":\"object\"}");
    json_t *value = json_integer(1), *problems = json_array();
    char name[200];

    memset(name, '~', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 20; i++) {
        json_t *outer = json_object();
        json_object_set_new(outer, name, value);
        value = outer;
    }
    ck_assert_uint_eq(schema_validate(schema, schema, value, problems), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(problems, 0), "keyword")),
                     "type");
    json_decref(problems);
    json_decref(value);
    json_decref(schema);
}
END_TEST

static const struct {
    const char *schema, *value, *filled, *without_state;
} edited[] = {
    {"{\"properties\":{\"a\":{\"default\":1},\"b\":{\"default\":2},\"c\":{}}}", "{\"b\":5}",
     "{\"a\":1,\"b\":5}", "{\"b\":5}"},
    {"{\"items\":{\"properties\":{\"a\":{\"default\":[1]},\"s\":{\"readOnly\":true}}}}",
     "[{},{\"a\":2,\"s\":0}]", "[{\"a\":[1]},{\"a\":2,\"s\":0}]", "[{},{\"a\":2}]"},
    {"{\"additionalProperties\":{\"$ref\":\"#/d\"},"
     "\"d\":{\"properties\":{\"p\":{\"$ref\":\"#/port\"}}},\"port\":{\"default\":3260}}",
     "{\"x\":{},\"y\":{\"p\":1}}", "{\"x\":{\"p\":3260},\"y\":{\"p\":1}}",
     "{\"x\":{},\"y\":{\"p\":1}}"},
    {UNION, "{\"type\":\"aio\",\"found\":1}", "{\"direct\":true,\"found\":1,\"type\":\"aio\"}",
     "{\"type\":\"aio\"}"},
    {UNION, "{\"type\":\"ram\",\"size\":1}", "{\"size\":1,\"type\":\"ram\"}",
     "{\"size\":1,\"type\":\"ram\"}"},
    {"{\"properties\":{\"a\":{\"oneOf\":[{\"type\":\"null\"},"
     "{\"type\":\"object\",\"properties\":{\"b\":{\"default\":1}}}]}}}",
     "{\"a\":{}}", "{\"a\":{\"b\":1}}", "{\"a\":{}}"},
    {"{\"properties\":{\"a\":{\"default\":{},\"properties\":{\"b\":{\"default\":1}}}}}", "{}",
     "{\"a\":{\"b\":1}}", "{}"},
    {"{\"properties\":{\"a\":{\"properties\":{\"b\":{\"default\":1}}}}}", "[1]", "[1]", "[1]"},
};

START_TEST(defaults_are_filled_in_and_state_is_left_out_at_every_depth)
{
    json_t *schema = parse(edited[_i].schema), *value = parse(edited[_i].value);
    json_t *filled = schema_with_defaults(schema, schema, value);
    json_t *without = schema_without_read_only(schema, schema, value);
    char *text = json_dumps(filled, JSON_COMPACT | JSON_SORT_KEYS);

    ck_assert_str_eq(text, edited[_i].filled);
    free(text);
    text = json_dumps(without, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, edited[_i].without_state);
    free(text);
    json_decref(without);
    json_decref(filled);
    json_decref(value);
    json_decref(schema);
}
END_TEST

#define SECRET  "{\"writeOnly\":true}"
#define HAS_SET "\"s_set\":{\"type\":\"boolean\",\"readOnly\":true}"

static const struct {
    const char *schema, *value, *without, *hidden;
    bool has_secrets;
} secrets[] = {
    {"{\"properties\":{\"s\":" SECRET "," HAS_SET "}}", "{\"s\":\"x\",\"t\":1}",
     "{\"s_set\":true,\"t\":1}", "{\"s\":\"()\",\"t\":1}", true},
    {"{\"properties\":{\"s\":" SECRET "," HAS_SET "}}", "{\"t\":1}", "{\"t\":1}", "{\"t\":1}",
     true},
    {"{\"properties\":{\"s\":" SECRET "}}", "{\"s\":{\"deep\":[1]}}", "{}", "{\"s\":\"()\"}",
     true},
    /* At any depth, in lists and maps, by reference. */
    {"{\"items\":{\"additionalProperties\":{\"$ref\":\"#/d\"}},"
     "\"d\":{\"properties\":{\"s\":{\"$ref\":\"#/e\"}}},\"e\":" SECRET "}",
     "[{\"a\":{\"s\":1}},{\"b\":{\"s\":2,\"t\":3}}]", "[{\"a\":{}},{\"b\":{\"t\":3}}]",
     "[{\"a\":{\"s\":\"()\"}},{\"b\":{\"s\":\"()\",\"t\":3}}]", true},
    /* An alternative that the value does not fit has its say, too. */
    {"{\"oneOf\":[{\"type\":\"null\"},{\"required\":[\"u\"],"
     "\"properties\":{\"s\":" SECRET "}}]}",
     "{\"s\":1}", "{}", "{\"s\":\"()\"}", true},
    {"{\"allOf\":[{\"anyOf\":[{\"properties\":{\"s\":" SECRET "}}]}]}", "{\"s\":1}", "{}",
     "{\"s\":\"()\"}", true},
    {"{\"properties\":{\"s\":{\"writeOnly\":false}}}", "{\"s\":1}", "{\"s\":1}", "{\"s\":1}",
     false},
    {"{\"properties\":{\"a\":{\"$ref\":\"#\"}}}", "{\"a\":{\"a\":{}}}", "{\"a\":{\"a\":{}}}",
     "{\"a\":{\"a\":{}}}", false},
    {"true", "{\"s\":1}", "{\"s\":1}", "{\"s\":1}", false},
};

START_TEST(what_is_write_only_is_not_shown)
{
    json_t *schema = parse(secrets[_i].schema), *value = parse(secrets[_i].value);
    json_t *without = schema_without_secrets(schema, schema, value);
    json_t *hidden = schema_hiding_secrets(schema, schema, value, "()");
    char *text = json_dumps(without, JSON_COMPACT | JSON_SORT_KEYS);

    ck_assert_str_eq(text, secrets[_i].without);
    free(text);
    text = json_dumps(hidden, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, secrets[_i].hidden);
    free(text);
    text = json_dumps(value, JSON_COMPACT);
    ck_assert_str_eq(text, secrets[_i].value); /* as it was */
    free(text);
    ck_assert(schema_has_secrets(schema, schema) == secrets[_i].has_secrets);
    json_decref(hidden);
    json_decref(without);
    json_decref(value);
    json_decref(schema);
}
END_TEST

START_TEST(a_secret_by_itself_is_hidden)
{
    json_t *schema = parse("{\"properties\":{\"s\":" SECRET "}}"), *value = parse("[5]");
    const json_t *secret = schema_member(schema, schema, "s");
    json_t *hidden = schema_hiding_secrets(schema, secret, json_array_get(value, 0), "()");

    ck_assert_str_eq(json_string_value(hidden), "()");
    ck_assert_ptr_null(schema_member(schema, schema, "t"));
    ck_assert_ptr_null(schema_member(schema, NULL, "s"));
    json_decref(hidden);
    json_decref(value);
    json_decref(schema);
}
END_TEST

static const struct {
    const char *schema, *message; /* NULL: it keeps to the dialect */
} linted[] = {
    {"{\"type\":\"string\",\"x-cli\":1,\"pattern\":\"^a\\\\.b$\"}", NULL},
    {"{\"properties\":{\"a\":{\"$ref\":\"#/properties/b\"},\"b\":true}}", NULL},
    {"{\"items\":{\"patternProperties\":{}}}", "has no keyword 'patternProperties'"},
    {"{\"$ref\":\"#/a\"}", "#/a leads nowhere"},
    {"{\"$ref\":\"#\",\"type\":\"null\"}", "no siblings"},
    {"{\"oneOf\":[{\"pattern\":\"\\\\d\"}]}", "not portable"},
    {"{\"pattern\":\"(?:a)\"}", "not portable"},
    {"{\"pattern\":\"(\"}", "not portable"},
    {"{\"pattern\":\"^/\",\"x-hint\":\"an absolute path\"}", NULL},
    {"{\"x-hint\":\"an absolute path\"}", "words beside a pattern"},
    {"{\"pattern\":\"^/\",\"x-hint\":5}", "words beside a pattern"},
    {"{\"not\":5}", "no schema where one should be"},
};

START_TEST(a_schema_that_leaves_the_dialect_is_refused)
{
    json_t *schema = parse(linted[_i].schema);
    struct error err = {0};
    int result = schema_lint(schema, schema, "here", &err);

    if (linted[_i].message == NULL) {
        ck_assert_int_eq(result, 0);
    } else {
        ck_assert_int_eq(result, -1);
        ck_assert_msg(strstr(err.message, linted[_i].message) != NULL, "%s", err.message);
    }
    json_decref(schema);
    schema_unload();
}
END_TEST

START_TEST(the_embedded_fragments_make_one_document)
{
    struct error err = {0};

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
    ck_assert_str_eq(json_string_value(json_object_get(schema_document(), "openrpc")), "1.3.2");
    ck_assert_ptr_nonnull(schema_component("Config"));
    ck_assert_ptr_null(schema_component("Nothing"));
    ck_assert_ptr_nonnull(schema_method("config.apply"));
    ck_assert_ptr_null(schema_method("config.forget"));
    ck_assert_ptr_null(json_object_get(schema_method("config.apply"), "examples"));
    schema_unload();
    ck_assert_ptr_null(schema_document());
}
END_TEST

START_TEST(what_is_published_has_the_examples_too)
{
    json_t *published = schema_published(), *method;
    size_t i;

    ck_assert_ptr_nonnull(published);
    json_array_foreach (json_object_get(published, "methods"), i, method)
        ck_assert_uint_gt(json_array_size(json_object_get(method, "examples")), 0);
    ck_assert_uint_gt(i, 0);
    json_decref(published);
}
END_TEST

/* What callers are told of a name they got wrong, in place of a pattern. */
static const struct {
    const char *component, *value, *problems;
} hinted[] = {
    {"IscsiName", "\"disk\"",
     "|pattern|\"disk\" is not an iSCSI name, such as iqn.2026-01.org.example:disk0"},
    {"InitiatorPattern", "\"iqn.a\"",
     "|pattern|\"iqn.a\" is not an initiator's iSCSI name,"
     " such as iqn.1993-08.org.debian:01:4f2c1d, a pattern, such as "
     "iqn.1993-08.org.debian:01:*, or * for any"},
    {"Name", "\"my disk\"",
     "|pattern|\"my disk\" is not a name of letters, digits, ., _ and -, at most 64,"
     " the first a letter or digit"},
    {"LunKey", "\"16384\"", "|pattern|\"16384\" is not a logical unit number from 0 to 16383"},
    {"PortalGroupKey", "\"0\"", "|pattern|\"0\" is not a portal group tag from 1 to 65535"},
    {"BackstoreConfig_rdwr", "{\"type\":\"rdwr\",\"path\":\"x.img\",\"naa\":\"6001\"}",
     "/path|pattern|\"x.img\" is not an absolute path;"
     "/naa|pattern|\"6001\" is not an NAA identifier of 16 or 32 hex digits"},
    {"Portal", "{\"address\":\"localhost\"}",
     "/address|pattern|\"localhost\" is not an IPv4 or IPv6 address,"
     " such as 192.0.2.1 or ::"},
};

START_TEST(what_is_wrong_with_a_name_is_said_in_words)
{
    json_t *value = parse(hinted[_i].value), *problems = json_array();
    struct error err = {0};
    char said[1024];

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
    schema_validate(schema_document(), schema_component(hinted[_i].component), value, problems);
    say_problems(problems, said, sizeof said);
    ck_assert_str_eq(said, hinted[_i].problems);
    json_decref(problems);
    json_decref(value);
    schema_unload();
}
END_TEST

static const struct {
    const char *a, *b;
    unsigned distance;
    bool near;
} slips[] = {
    {"size", "size", 0, true},
    {"sise", "size", 1, true},
    {"zise", "size", 2, false},
    {"isze", "size", 1, true},
    {"", "abc", 3, false},
    {"x", "y", 1, true},
    {"portal_grop", "portal_group", 1, true},
    {"backstores", "targets", 7, false},
};

START_TEST(near_names_are_told_by_the_slips_between_them)
{
    ck_assert_uint_eq(near_distance(slips[_i].a, slips[_i].b), slips[_i].distance);
    ck_assert_uint_eq(near_distance(slips[_i].b, slips[_i].a), slips[_i].distance);
    ck_assert_int_eq(near_enough(slips[_i].a, slips[_i].b), slips[_i].near);
}
END_TEST

/* Left out of the dialect on purpose: see schemas/README.md. */
static const char *const left_out_files[] = {
    "additionalItems.json", "contains.json",  "dependencies.json",      "if-then-else.json",
    "definitions.json",     "refRemote.json", "patternProperties.json",
};

/* Groups of cases, by "file: description", in which something that was left out is asked for;
 * each of them has at least one case that goes wrong. */
static const char *const left_out_cases[] = {
    ("additionalProperties.json: additionalProperties being false does not allow other "
     "properties"),
    "additionalProperties.json: non-ASCII pattern with additionalProperties",
    "items.json: an array of schemas for items",
    "items.json: items with boolean schemas",
    "properties.json: properties, patternProperties, additionalProperties interaction",
    "ref.json: relative pointer ref to array",
    "ref.json: remote ref, containing refs itself",
    "ref.json: Recursive references between schemas",
};

static bool
is_in(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static bool
is_left_out(const char *text)
{
    return is_in(left_out_cases, sizeof left_out_cases / sizeof left_out_cases[0], text);
}

static unsigned suite_cases, suite_wrong;

static void
run_suite_file(const char *file)
{
    char text[512];
    json_t *groups, *group, *test;
    json_error_t where;
    size_t i, j;
    unsigned wrong;

    snprintf(text, sizeof text, SUITE_FOLDER "/%s", file);
    groups = json_load_file(text, 0, &where);
    ck_assert_msg(groups != NULL, "%s: %s", text, where.text);
    json_array_foreach (groups, i, group) {
        const json_t *schema = json_object_get(group, "schema");
        snprintf(text, sizeof text, "%s: %s", file,
                 json_string_value(json_object_get(group, "description")));
        wrong = 0;
        json_array_foreach (json_object_get(group, "tests"), j, test) {
            bool fits =
                schema_validate(schema, schema, json_object_get(test, "data"), NULL) == 0;
            wrong += fits != json_is_true(json_object_get(test, "valid"));
            suite_cases++;
        }
        suite_wrong += wrong;
        ck_assert_msg((wrong > 0) == is_left_out(text), "%s: %u wrong", text, wrong);
    }
    json_decref(groups);
}

START_TEST(the_json_schema_test_suite_passes)
{
    DIR *folder = opendir(SUITE_FOLDER);
    const struct dirent *entry;

    if (folder == NULL) {
        printf("SKIP the_json_schema_test_suite_passes: install json-schema-test-suite\n");
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        const char *suffix = strrchr(entry->d_name, '.');
        if (suffix == NULL || strcmp(suffix, ".json") != 0 ||
            is_in(left_out_files, sizeof left_out_files / sizeof left_out_files[0],
                  entry->d_name))
            continue;
        run_suite_file(entry->d_name);
    }
    closedir(folder);
    printf("json-schema-test-suite: %u of %u cases pass, %zu files left out\n",
           suite_cases - suite_wrong, suite_cases,
           sizeof left_out_files / sizeof left_out_files[0]);
    ck_assert_uint_gt(suite_cases, 300);
    schema_unload();
}
END_TEST

TCase *
schema_cases(void)
{
    TCase *t = tcase_create("schema");

    tcase_add_loop_test(t, every_problem_is_said_with_its_path_and_keyword, 0,
                        sizeof judged / sizeof judged[0]);
    tcase_add_loop_test(t, a_tagged_union_says_the_problems_of_the_alternative_that_was_meant,
                        0, sizeof tagged / sizeof tagged[0]);
    tcase_add_test(t, problems_are_counted_all_and_listed_up_to_a_hundred);
    tcase_add_test(t, a_long_path_is_cut_and_does_no_harm);
    tcase_add_loop_test(t, defaults_are_filled_in_and_state_is_left_out_at_every_depth, 0,
                        sizeof edited / sizeof edited[0]);
    tcase_add_loop_test(t, what_is_write_only_is_not_shown, 0,
                        (int)(sizeof secrets / sizeof secrets[0]));
    tcase_add_test(t, a_secret_by_itself_is_hidden);
    tcase_add_loop_test(t, a_schema_that_leaves_the_dialect_is_refused, 0,
                        sizeof linted / sizeof linted[0]);
    tcase_add_test(t, the_embedded_fragments_make_one_document);
    tcase_add_test(t, what_is_published_has_the_examples_too);
    tcase_add_loop_test(t, what_is_wrong_with_a_name_is_said_in_words, 0,
                        sizeof hinted / sizeof hinted[0]);
    tcase_add_loop_test(t, near_names_are_told_by_the_slips_between_them, 0,
                        sizeof slips / sizeof slips[0]);
    tcase_add_test(t, the_json_schema_test_suite_passes);
    return t;
}
