/* Fifteen senders launch a thousand messages each at a queue that nobody reads:
 * what finds no room is refused and reported, each once, and nothing worse
 * happens to the machine. */
// machine: mesh-4x4
// set: message.slots=16384
// expect: 64 of 18000 messages in the queue, 17936 refusals reported
#include "guest-os/tests/mu.h"

enum { SENDERS = 15, MESSAGES = 1200, DEPTH = 64 };

static struct barrier barrier;

static uint64_t refused[SENDERS + 1];

static void launch(int endpoint, uint64_t number)
{
    uint64_t status;
    mu_push(number);
    mu_push(number);
    while ((status = mu_send(endpoint)) != MU_OK) {
        check(status == MU_REFUSED);
        refused[self_core()]++;
    }
}

/* Takes what reports are left when all have come back.  A launch without words
 * has nothing else to say than that it has none. */
static void take_reports(int endpoint)
{
    uint64_t status, start = cycle_now();
    while (cycle_now() - start < 50000)
        ;
    while ((status = mu_send(endpoint)) != MU_BAD_LENGTH) {
        check(status == MU_REFUSED);
        refused[self_core()]++;
    }
}

static void sender(void *unused)
{
    (void)unused;
    int endpoint = endpoint_open(0, 0, self_core(), 16384);
    check(endpoint == 0);
    barrier_wait(&barrier, SENDERS + 1);
    for (uint64_t i = 0; i < MESSAGES; i++)
        launch(endpoint, i);
    take_reports(endpoint);
    barrier_wait(&barrier, SENDERS + 1);
}

int user_main(void)
{
    check(queue_open(DEPTH) == 0);
    for (unsigned core = 1; core <= SENDERS; core++)
        check(spawn(core, sender, 0));
    barrier_wait(&barrier, SENDERS + 1);
    barrier_wait(&barrier, SENDERS + 1);
    csr_write(CSR_MU_QUEUE, 0);
    printf("%lu of %u messages in the queue, ", csr_read(CSR_MU_COUNT), SENDERS * MESSAGES);
    for (unsigned core = 1; core <= SENDERS; core++)
        refused[0] += refused[core];
    printf("%lu refusals reported\n", refused[0]);
    return GUEST_OK;
}
