/* near.c: edit distance with swaps of neighbours (optimal string alignment). */
#include "catalog/near.h"

#include <limits.h>
#include <string.h>

#define NAME_MAX_BYTES 64

static unsigned
smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned
near_distance(const char *a, const char *b)
{
    unsigned rows[3][NAME_MAX_BYTES + 1]; /* of the table, by i modulo 3 */
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > NAME_MAX_BYTES || b_length > NAME_MAX_BYTES)
        return UINT_MAX;
    for (unsigned j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            now[j] =
                smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

bool
near_enough(const char *wanted, const char *known)
{
    size_t allowed = strlen(wanted) / 3;

    if (allowed == 0)
        allowed = 1;
    if (allowed > 3)
        allowed = 3;
    return near_distance(wanted, known) <= allowed;
}
