/* Numbers of control registers to names: the rows of csr_names.def, searched. */
#include <string.h>

#include "sim/abi/csr.h"
#include "traces/traces.h"

static const struct csr_row {
    uint16_t first, last;
    const char *name;
    int16_t from; /* number behind the name of `first`; -1: none */
} rows[] = {
#define NAMED(number, name)               {number, number, #name, -1},
#define NUMBERED(first, last, name, from) {first, last, #name, from},
#include "traces/csr_names.def"
#undef NAMED
#undef NUMBERED
};

const char *csr_name(unsigned number, char text[CSR_NAME_MAX])
{
    text[0] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct csr_row *row = &rows[i];
        if (number < row->first || number > row->last)
            continue;
        if (row->from < 0)
            snprintf(text, CSR_NAME_MAX, "%s", row->name);
        else
            snprintf(text, CSR_NAME_MAX, "%s%u", row->name,
                     number - row->first + (unsigned)row->from);
        return text;
    }
    return text;
}
