/* printf-lite: conversions, widths, limits. */
// expect: -9223372036854775808 18446744073709551615 ffffffffffffffff 0
// expect: [   42] [00042] [  -7] [beef] [x] [text] [%]
// expect: aaaaaaaaaa
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/format.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    char longer[FORMAT_BYTES * 2];
    printf("%ld %lu %lx %d\n", INT64_MIN, UINT64_MAX, UINT64_MAX, 0);
    printf("[%5u] [%05u] [%4d] [%x] [%c] [%s] [%%]\n", 42u, 42u, -7, 0xbeefu, 'x', "text");
    for (unsigned i = 0; i < sizeof longer; i++)
        longer[i] = 'a';
    longer[sizeof longer - 1] = 0;
    printf("%s", longer); /* cut, never past the buffer */
    printf("\n");
    return GUEST_OK;
}
