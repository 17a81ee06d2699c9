/* schema_validate.c: checks a value against a schema and says everything that is wrong. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "catalog/near.h"
#include "catalog/pointer.h"
#include "catalog/schema.h"
#include "catalog/schema_private.h"

#define PROBLEMS_MAX 100

/* Comparing all pairs of a longer array, or searching in a longer text, would hold up main. */
#define UNIQUE_ITEMS_MAX 4096
#define PATTERN_TEXT_MAX 65536

struct check {
    const json_t *root;
    json_t *problems; /* NULL: only whether it fits is asked */
    size_t count;
    char path[POINTER_MAX]; /* JSON pointer to the value; cut where it does not fit */
    int depth;
};

static void validate(struct check *c, const json_t *schema, const json_t *value);

json_t *
schema_text(const char *text)
{
    json_t *string = json_string(text);
    char plain[2048];
    size_t i;

    if (string != NULL)
        return string;
    for (i = 0; text[i] != '\0' && i + 1 < sizeof plain; i++)
        plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    plain[i] = '\0';
    return json_string(plain);
}

__attribute__((format(printf, 3, 4))) static void
problem(struct check *c, const char *keyword, const char *format, ...)
{
    char message[1024];
    va_list args;
    json_t *entry;

    c->count++;
    if (c->problems == NULL || json_array_size(c->problems) >= PROBLEMS_MAX)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    entry = json_object();
    json_object_set_new(entry, "path", schema_text(c->path));
    json_object_set_new(entry, "keyword", json_string(keyword));
    json_object_set_new(entry, "message", schema_text(message));
    json_array_append_new(c->problems, entry);
}

static void
validate_member(struct check *c, const json_t *schema, const char *name, const json_t *value)
{
    size_t before = pointer_enter(c->path, sizeof c->path, name);

    validate(c, schema, value);
    c->path[before] = '\0';
}

/* Whether VALUE fits SCHEMA, without saying why not. */
static bool
fits(struct check *c, const json_t *schema, const json_t *value)
{
    struct check quiet = {.root = c->root, .depth = c->depth};

    validate(&quiet, schema, value);
    return quiet.count == 0;
}

static int
compare_numbers(const json_t *a, const json_t *b)
{
    double x, y;

    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t i = json_integer_value(a), j = json_integer_value(b);
        return (i > j) - (i < j);
    }
    x = json_number_value(a);
    y = json_number_value(b);
    return (x > y) - (x < y);
}

static bool
equal_arrays(const json_t *a, const json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (!schema_equal(json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

static bool
equal_objects(const json_t *a, const json_t *b)
{
    const char *name;
    json_t *value;

    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach (json_members(a), name, value) {
        const json_t *other = json_object_get(b, name);
        if (other == NULL || !schema_equal(value, other))
            return false;
    }
    return true;
}

bool
schema_equal(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return compare_numbers(a, b) == 0;
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a))
        return equal_arrays(a, b);
    if (json_is_object(a))
        return equal_objects(a, b);
    return json_equal(a, b);
}

static bool
is_of_type(const json_t *value, const char *type)
{
    double real = json_is_real(value) ? json_real_value(value) : 0.5;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case JSON_ARRAY:
        return strcmp(type, "array") == 0;
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
        return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    case JSON_REAL:
        return strcmp(type, "number") == 0 ||
               (strcmp(type, "integer") == 0 && floor(real) == real);
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(type, "boolean") == 0;
    case JSON_NULL:
        return strcmp(type, "null") == 0;
    }
    return false;
}

/* Appends VALUE as JSON to the list in TEXT, cut to its size. */
static void
list_value(char *text, size_t size, const json_t *value, const char *separator)
{
    size_t used = strlen(text);
    size_t n;

    if (used > 0 && used + strlen(separator) < size) {
        strcpy(text + used, separator);
        used += strlen(separator);
    }
    n = json_dumpb(value, text + used, size - used - 1, JSON_ENCODE_ANY | JSON_COMPACT);
    text[n <= size - used - 1 ? used + n : size - 1] = '\0';
}

static void
list_values(char *text, size_t size, const json_t *array)
{
    size_t i;
    json_t *value;

    text[0] = '\0';
    json_array_foreach (array, i, value)
        list_value(text, size, value, ", ");
}

static bool
check_type(struct check *c, const json_t *wanted, const json_t *value)
{
    char list[128] = "";
    size_t i;
    json_t *type;

    if (json_is_string(wanted)) {
        if (is_of_type(value, json_string_value(wanted)))
            return true;
        problem(c, "type", "expected %s", json_string_value(wanted));
        return false;
    }
    json_array_foreach (wanted, i, type) {
        if (is_of_type(value, json_string_value(type)))
            return true;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? " or " : "",
                 json_string_value(type));
    }
    problem(c, "type", "expected %s", list);
    return false;
}

/* Says which of the members that SCHEMA knows was probably meant by NAME; "" where none was. */
static const char *
near_member(const json_t *properties, const char *name)
{
    const char *known, *best = "";
    json_t *ignored;
    unsigned best_distance = ~0U;

    json_object_foreach (json_members(properties), known, ignored) {
        if (near_enough(name, known) && near_distance(name, known) < best_distance) {
            best = known;
            best_distance = near_distance(name, known);
        }
    }
    return best;
}

static void
check_unknown_member(struct check *c, const json_t *properties, const char *name)
{
    const char *near = near_member(properties, name);
    size_t before = pointer_enter(c->path, sizeof c->path, name);

    if (near[0] != '\0')
        problem(c, "additionalProperties", "unknown member \"%s\"; did you mean \"%s\"?", name,
                near);
    else
        problem(c, "additionalProperties", "unknown member \"%s\"", name);
    c->path[before] = '\0';
}

static void
check_size(struct check *c, const json_t *schema, const char *min, const char *max, size_t size,
           const char *what)
{
    const json_t *least = json_object_get(schema, min), *most = json_object_get(schema, max);

    if (least != NULL && (double)size < json_number_value(least))
        problem(c, min, "too few %s (at least %.0f)", what, json_number_value(least));
    if (most != NULL && (double)size > json_number_value(most))
        problem(c, max, "too many %s (at most %.0f)", what, json_number_value(most));
}

static void
check_object(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    const json_t *names = json_object_get(schema, "propertyNames");
    const char *name;
    json_t *member;
    size_t i;

    json_array_foreach (json_object_get(schema, "required"), i, member)
        if (json_object_get(value, json_string_value(member)) == NULL)
            problem(c, "required", "missing member \"%s\"", json_string_value(member));
    check_size(c, schema, "minProperties", "maxProperties", json_object_size(value), "members");
    json_object_foreach (json_members(value), name, member) {
        const json_t *property = json_object_get(properties, name);
        if (names != NULL) {
            json_t *text = json_string(name);
            validate_member(c, names, name, text);
            json_decref(text);
        }
        if (property != NULL)
            validate_member(c, property, name, member);
        else if (json_is_false(others))
            check_unknown_member(c, properties, name);
        else if (others != NULL)
            validate_member(c, others, name, member);
    }
}

static void
check_unique(struct check *c, const json_t *value)
{
    if (json_array_size(value) > UNIQUE_ITEMS_MAX) {
        problem(c, "uniqueItems", "too many items to compare (at most %d)", UNIQUE_ITEMS_MAX);
        return;
    }
    for (size_t i = 1; i < json_array_size(value); i++)
        for (size_t j = 0; j < i; j++)
            if (schema_equal(json_array_get(value, i), json_array_get(value, j))) {
                problem(c, "uniqueItems", "items %zu and %zu are the same", j, i);
                return;
            }
}

static void
check_array(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *items = json_object_get(schema, "items");
    size_t i;
    json_t *item;

    check_size(c, schema, "minItems", "maxItems", json_array_size(value), "items");
    if (json_is_true(json_object_get(schema, "uniqueItems")))
        check_unique(c, value);
    if (items == NULL)
        return;
    json_array_foreach (value, i, item) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        validate_member(c, items, number, item);
    }
}

/* In characters, not bytes. */
static size_t
text_length(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

/* "x-hint" says in words what the pattern asks for. */
static void
check_pattern(struct check *c, const json_t *schema, const json_t *value)
{
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    const char *hint = json_string_value(json_object_get(schema, "x-hint"));
    const char *text = json_string_value(value);
    const regex_t *compiled = schema_pattern(pattern);

    if (compiled == NULL)
        problem(c, "pattern", "the schema's pattern %s cannot be used", pattern);
    else if (json_string_length(value) > PATTERN_TEXT_MAX)
        problem(c, "pattern", "too long (at most %d bytes)", PATTERN_TEXT_MAX);
    else if (regexec(compiled, text, 0, NULL, 0) == 0)
        return;
    else if (hint != NULL)
        problem(c, "pattern", "\"%.100s\" is not %s", text, hint);
    else
        problem(c, "pattern", "\"%.100s\" does not match %s", text, pattern);
}

static void
check_string(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *least = json_object_get(schema, "minLength");
    const json_t *most = json_object_get(schema, "maxLength");
    const char *text = json_string_value(value);

    if (least != NULL && (double)text_length(text) < json_number_value(least))
        problem(c, "minLength", "too short (at least %.0f characters)",
                json_number_value(least));
    if (most != NULL && (double)text_length(text) > json_number_value(most)) {
        problem(c, "maxLength", "too long (at most %.0f characters)", json_number_value(most));
        return;
    }
    if (json_is_string(json_object_get(schema, "pattern")))
        check_pattern(c, schema, value);
}

static bool
is_multiple(const json_t *value, const json_t *of)
{
    double quotient;

    if (json_is_integer(value) && json_is_integer(of) && json_integer_value(of) > 0)
        return json_integer_value(value) % json_integer_value(of) == 0;
    quotient = json_number_value(value) / json_number_value(of);
    return isfinite(quotient) && fabs(quotient - rint(quotient)) <= 1e-9;
}

/* The bounds of numbers: on which side the value must be. */
static const struct bound {
    const char *keyword, *message;
    int forbidden[2]; /* results of comparing value and bound */
} bounds[] = {
    {"minimum", "below the minimum", {-1, -1}},
    {"maximum", "above the maximum", {1, 1}},
    {"exclusiveMinimum", "not above", {-1, 0}},
    {"exclusiveMaximum", "not below", {1, 0}},
};

static void
check_number(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *of = json_object_get(schema, "multipleOf");
    char text[64];

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        const json_t *bound = json_object_get(schema, bounds[i].keyword);
        int side = bound == NULL ? 0 : compare_numbers(value, bound);
        if (bound == NULL || (side != bounds[i].forbidden[0] && side != bounds[i].forbidden[1]))
            continue;
        text[0] = '\0';
        list_value(text, sizeof text, bound, "");
        problem(c, bounds[i].keyword, "%s (%s)", bounds[i].message, text);
    }
    if (of != NULL && !is_multiple(value, of)) {
        text[0] = '\0';
        list_value(text, sizeof text, of, "");
        problem(c, "multipleOf", "not a multiple of %s", text);
    }
}

static void
check_values(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *constant = json_object_get(schema, "const");
    const json_t *allowed = json_object_get(schema, "enum");
    char list[512] = "";
    size_t i;
    json_t *one;

    if (constant != NULL && !schema_equal(constant, value)) {
        list_value(list, sizeof list, constant, "");
        problem(c, "const", "must be %s", list);
    }
    if (allowed == NULL)
        return;
    json_array_foreach (allowed, i, one)
        if (schema_equal(one, value))
            return;
    list_values(list, sizeof list, allowed);
    problem(c, "enum", "not one of %s", list);
}

/* The tags that SCHEMA's alternatives have, as text. */
static void
list_tags(struct check *c, const json_t *schema, const char *tag, char *text, size_t size)
{
    size_t i;
    json_t *alternative;

    text[0] = '\0';
    json_array_foreach (json_object_get(schema, "oneOf"), i, alternative) {
        const json_t *variant = schema_follow(c->root, alternative);
        const json_t *property = json_object_get(json_object_get(variant, "properties"), tag);
        if (json_object_get(property, "const") != NULL)
            list_value(text, size, json_object_get(property, "const"), ", ");
    }
}

/* "oneOf" with "x-discriminator": the tag chooses, and its alternative's problems are said. */
static void
check_tagged(struct check *c, const json_t *schema, const json_t *value)
{
    const char *tag = json_string_value(json_object_get(schema, "x-discriminator"));
    const json_t *variant = schema_variant(c->root, schema, value);
    char list[512];
    size_t before;

    if (!json_is_object(value)) {
        problem(c, "type", "expected object");
        return;
    }
    if (variant != NULL) {
        validate(c, variant, value);
        return;
    }
    list_tags(c, schema, tag, list, sizeof list);
    if (json_object_get(value, tag) == NULL) {
        problem(c, "required", "missing member \"%s\" (one of %s)", tag, list);
        return;
    }
    before = pointer_enter(c->path, sizeof c->path, tag);
    problem(c, "enum", "not one of %s", list);
    c->path[before] = '\0';
}

static void
check_alternatives(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *all = json_object_get(schema, "allOf"),
                 *any = json_object_get(schema, "anyOf");
    const json_t *one = json_object_get(schema, "oneOf"), *no = json_object_get(schema, "not");
    size_t i, hits = 0;
    json_t *alternative;

    json_array_foreach (all, i, alternative)
        validate(c, alternative, value);
    json_array_foreach (any, i, alternative)
        hits += fits(c, alternative, value);
    if (any != NULL && hits == 0)
        problem(c, "anyOf", "fits none of the alternatives");
    hits = 0;
    if (json_object_get(schema, "x-discriminator") != NULL) {
        check_tagged(c, schema, value);
    } else if (one != NULL) {
        json_array_foreach (one, i, alternative)
            hits += fits(c, alternative, value);
        if (hits != 1)
            problem(c, "oneOf", "fits %zu of the alternatives, must fit exactly one", hits);
    }
    if (no != NULL && fits(c, no, value))
        problem(c, "not", "is what it must not be");
}

static void
check_keywords(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *type = json_object_get(schema, "type");

    if (type != NULL && !check_type(c, type, value))
        return; /* the rest would only say so again */
    check_values(c, schema, value);
    if (json_is_object(value))
        check_object(c, schema, value);
    else if (json_is_array(value))
        check_array(c, schema, value);
    else if (json_is_string(value))
        check_string(c, schema, value);
    else if (json_is_number(value))
        check_number(c, schema, value);
    check_alternatives(c, schema, value);
}

static void
validate(struct check *c, const json_t *schema, const json_t *value)
{
    const json_t *ref = json_object_get(schema, "$ref");

    if (json_is_true(schema))
        return;
    if (json_is_false(schema)) {
        problem(c, "false", "not allowed");
        return;
    }
    if (c->depth == SCHEMA_DEPTH_MAX) {
        problem(c, "$ref", "nested too deep");
        return;
    }
    c->depth++;
    if (ref == NULL) {
        check_keywords(c, schema, value);
    } else { /* draft-07: whatever stands beside a "$ref" is ignored */
        const json_t *target = schema_resolve(c->root, json_string_value(ref));
        if (target == NULL)
            problem(c, "$ref", "the schema's %s leads nowhere", json_string_value(ref));
        else
            validate(c, target, value);
    }
    c->depth--;
}

size_t
schema_validate(const json_t *root, const json_t *schema, const json_t *value, json_t *problems)
{
    struct check c = {.root = root, .problems = problems};

    validate(&c, schema, value);
    return c.count;
}
