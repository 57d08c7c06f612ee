/*
 * Message passing, the litmus test under every protocol of this kernel:
 *
 *   writer  data = 1; fence w,w; flag = 1      reader  r0 = flag; fence r,r; r1 = data
 *
 * r0 = 1 with r1 = 0 is forbidden.  Each round has fresh lines and another
 * delay between the two, so that the reader comes early, late and in between.
 */
// expect: 200 rounds: forbidden 0
// expect: the reader was both early and late
#include "guest-os/lib/barrier.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/memory.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/user.h"

enum { ROUNDS = 200, DELAY_STEPS = 50 };

struct round {
    volatile uint64_t data __attribute__((aligned(LINE_BYTES)));
    volatile uint64_t flag __attribute__((aligned(LINE_BYTES)));
};

static struct barrier barrier;
static struct round *rounds;

static void delay(unsigned steps)
{
    for (volatile unsigned i = 0; i < steps; i = i + 1)
        ;
}

static void write_side(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        barrier_wait(&barrier, 2);
        delay(DELAY_STEPS / 2);
        rounds[i].data = 1;
        fence(w, w);
        rounds[i].flag = 1;
    }
}

int user_main(void)
{
    unsigned forbidden = 0, early = 0, late = 0;
    rounds = memory_take(ROUNDS * sizeof *rounds);
    check(spawn(3, write_side, 0));
    for (unsigned i = 0; i < ROUNDS; i++) {
        barrier_wait(&barrier, 2);
        delay(i * DELAY_STEPS * 4 / ROUNDS);
        uint64_t flag = rounds[i].flag;
        fence(r, r);
        uint64_t data = rounds[i].data;
        forbidden += flag && !data;
        early += !flag;
        late += flag && data;
    }
    printf("%u rounds: forbidden %u\n", ROUNDS, forbidden);
    if (early && late)
        printf("the reader was both early and late\n");
    return forbidden ? GUEST_FAILED : GUEST_OK;
}
