/* identity.c: serial numbers and NAA names. */
#include "catalog/identity.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "config.h"

int
identity_make(struct identity *identity)
{
    struct {
        uint64_t name, serial;
        uint16_t more_serial;
    } random;

    /* Up to 256 bytes come whole, and without waiting once the system is up. */
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return errno != 0 ? -errno : -EIO;
    snprintf(identity->serial, sizeof identity->serial, "%016llX%04X",
             (unsigned long long)random.serial, random.more_serial);
    /* SPC-4 section 7.8.6.6.4: four bits 3h, then 60 bits of the host's own. */
    snprintf(identity->naa, sizeof identity->naa, "3%015llx",
             (unsigned long long)(random.name >> 4));
    return 0;
}

const char *
identity_revision(void)
{
    static char revision[4 + 1]; /* the same every time, so a race would do no harm */
    size_t n;

    snprintf(revision, sizeof revision, "%.4s", PACKAGE_VERSION);
    n = strlen(revision);
    if (n > 0 && revision[n - 1] == '.')
        revision[n - 1] = '\0';
    return revision;
}
