/*
 * page.c: takes the files of the status page in, as schemas/embedded.c does. WEB_FOLDER is set
 * by rpc.mk.
 */
#include "rpc/page.h"

#include <string.h>

/* clang-format off */
#define FILES(X)                                                               \
    X(index,  "/",                    "index.html",        "text/html; charset=utf-8")       \
    X(script, "/page.js",             "page.js",           "text/javascript; charset=utf-8") \
    X(style,  "/page.css",            "page.css",          "text/css; charset=utf-8")        \
    X(icon,   "/icon.svg",            "icon.svg",          "image/svg+xml")                  \
    X(chart,  "/uPlot.iife.min.js",   "uPlot.iife.min.js", "text/javascript; charset=utf-8") \
    X(charts_style, "/uPlot.min.css", "uPlot.min.css",     "text/css; charset=utf-8")

#define INCLUDE(name, path, file, type)                                 \
    extern const uint8_t page_##name[], page_end_##name[];              \
    __asm__(".section .rodata\n"                                        \
            ".global page_" #name "\n"                                  \
            ".global page_end_" #name "\n"                              \
            "page_" #name ":\n"                                         \
            ".incbin \"" WEB_FOLDER "/" file "\"\n"                     \
            "page_end_" #name ":\n"                                     \
            ".byte 0\n"                                                 \
            ".previous\n");
/* clang-format on */
FILES(INCLUDE)

#define ROW(name, path, file, type) {path, type, page_##name, page_end_##name},
static const struct page_file files[] = {FILES(ROW)};

const struct page_file *
page_find(const char *path)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}
