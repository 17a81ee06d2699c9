/* page.h: the files of the status page (clients/web), as they are, inside the daemon. */
#ifndef RPC_PAGE_H
#define RPC_PAGE_H

#include <stddef.h>
#include <stdint.h>

struct page_file {
    const char *path; /* "/page.js" */
    const char *type;
    const uint8_t *bytes, *end;
};

/* The file at PATH; NULL where there is none. "/" is the page itself. */
const struct page_file *page_find(const char *path);

#endif
