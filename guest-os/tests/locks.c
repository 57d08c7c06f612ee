/* Every kind of lock keeps all tiles apart: a plain counter loses no addition. */
// machine: configs/machines/mesh-4x4.yaml
// expect: ticket: 1600 of 1600
// expect: mcs: 1600 of 1600
#include "guest-os/lib/barrier.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/lock.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/memory.h"
#include "guest-os/lib/user.h"

enum { ROUNDS = 100 };

static struct barrier barrier;
static struct lock_node *nodes;
static volatile uint64_t counter __attribute__((aligned(LINE_BYTES)));

static void add_under(const struct lock_kind *kind, union lock *lock)
{
    struct lock_node *node = &nodes[self_core()];
    for (unsigned i = 0; i < ROUNDS; i++) {
        kind->acquire(lock, node);
        counter = counter + 1;
        kind->release(lock, node);
    }
}

static void take_part(void *locks)
{
    union lock *lock = locks;
    uint64_t tiles = machine()->tiles;
    for (unsigned k = 0; lock_kinds[k]; k++) {
        barrier_wait(&barrier, (unsigned)tiles);
        add_under(lock_kinds[k], &lock[k]);
        barrier_wait(&barrier, (unsigned)tiles);
        if (self_core() == 0) {
            printf("%s: %lu of %lu\n", lock_kinds[k]->name, counter, tiles * ROUNDS);
            counter = 0;
        }
    }
    barrier_wait(&barrier, (unsigned)tiles);
}

int user_main(void)
{
    union lock *locks = memory_take(2 * sizeof *locks);
    nodes = memory_take(machine()->tiles * sizeof *nodes);
    for (unsigned core = 1; core < machine()->tiles; core++)
        check(spawn(core, take_part, locks));
    take_part(locks);
    return GUEST_OK;
}
