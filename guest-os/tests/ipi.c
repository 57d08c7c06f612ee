/* IPIs: a token goes round all tiles three times; every tile sleeps until it comes. */
// machine: configs/machines/mesh-4x4.yaml
// expect: 48 IPIs, each tile woken 3 times
// expect: no IPI to a tile that is not there
#include "guest-os/lib/barrier.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/memory.h"
#include "guest-os/lib/user.h"

enum { ROUNDS = 3 };

static struct barrier barrier;

struct woken {
    volatile uint64_t times __attribute__((aligned(LINE_BYTES)));
};

static struct woken *woken;

static void pass_on(void)
{
    check(ipi_send((self_core() + 1) % (unsigned)machine()->tiles));
}

static void on_event(enum upcall_reason reason, uint64_t detail)
{
    check(reason == UPCALL_IPI && detail == 0);
    struct woken *mine = &woken[self_core()];
    mine->times = mine->times + 1;
    if (self_core() != 0 || mine->times < ROUNDS)
        pass_on();
}

static void take_part(void *unused)
{
    (void)unused;
    upcall_register(on_event);
    barrier_wait(&barrier, (unsigned)machine()->tiles);
    if (self_core() == 0)
        pass_on();
    for (uint64_t seen = self()->upcalls; seen < ROUNDS; seen = self()->upcalls)
        yield(seen);
    barrier_wait(&barrier, (unsigned)machine()->tiles);
}

int user_main(void)
{
    uint64_t sum = 0;
    woken = memory_take(machine()->tiles * sizeof *woken);
    for (unsigned core = 1; core < machine()->tiles; core++)
        check(spawn(core, take_part, 0));
    take_part(0);
    for (unsigned core = 0; core < machine()->tiles; core++) {
        check(woken[core].times == ROUNDS);
        sum += woken[core].times;
    }
    printf("%lu IPIs, each tile woken %u times\n", sum, ROUNDS);
    check(!ipi_send((unsigned)machine()->tiles));
    printf("no IPI to a tile that is not there\n");
    return GUEST_OK;
}
