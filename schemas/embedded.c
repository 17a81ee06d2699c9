/*
 * embedded.c: takes the API fragments in by the assembler's .incbin, which gcc and clang both
 * have. SCHEMAS_FOLDER is set by schemas.mk. A new fragment is a line here and a name there.
 */
#include "schemas/embedded.h"

#define FRAGMENTS(X) \
    X(openrpc)       \
    X(common)        \
    X(rpc)           \
    X(daemon)        \
    X(config)        \
    X(backstore)     \
    X(target)        \
    X(lun)           \
    X(acl)           \
    X(portal_group)  \
    X(session)       \
    X(reservation)   \
    X(stats)         \
    X(log)           \
    X(discovery)     \
    X(worker)        \
    X(event)         \
    X(job)

/* clang-format off */
#define INCLUDE(fragment)                                               \
    extern const uint8_t schema_##fragment[], schema_end_##fragment[];  \
    __asm__(".section .rodata\n"                                        \
            ".global schema_" #fragment "\n"                            \
            ".global schema_end_" #fragment "\n"                        \
            "schema_" #fragment ":\n"                                   \
            ".incbin \"" SCHEMAS_FOLDER "/" #fragment ".json\"\n"       \
            "schema_end_" #fragment ":\n"                               \
            ".byte 0\n"                                                 \
            ".previous\n");
/* clang-format on */
FRAGMENTS(INCLUDE)

#define ROW(fragment) {#fragment, schema_##fragment, schema_end_##fragment},
const struct embedded_schema schemas_embedded[] = {FRAGMENTS(ROW)};
const size_t schemas_embedded_count = sizeof schemas_embedded / sizeof schemas_embedded[0];
