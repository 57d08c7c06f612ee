/*
 * What goes through the pipe:
 *
 *   struct run_outcome | the arrays that it points to, one behind the other
 *
 * as they lie in memory.  Parent and worker are one program with one layout,
 * and static texts (a statistic's unit) have one address in both, because the
 * worker is forked and never replaced.  The pointers of the outcome are set
 * anew by the parent.
 */
#include "sim/cli/worker.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/cli/progress.h"
#include "sim/cli/tail.h"

static bool write_all(int fd, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    while (bytes > 0) {
        ssize_t n = write(fd, at, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* The arrays that an outcome points to: where its pointer and its count are. */
static const struct array {
    size_t pointer, count, element_bytes;
} arrays[] = {
#define ARRAY(pointer, count)                                                                      \
    {                                                                                              \
        offsetof(struct run_outcome, pointer), offsetof(struct run_outcome, count),                \
            sizeof *((struct run_outcome *)NULL)->pointer                                          \
    }
    ARRAY(stats.item, stats.count), ARRAY(series, series_count),      ARRAY(hart, hart_count),
    ARRAY(mesh.link, mesh.links),   ARRAY(mesh.sample, mesh.samples),
#undef ARRAY
};
enum { ARRAYS = sizeof arrays / sizeof arrays[0] };

static void *pointer_of(const struct run_outcome *o, const struct array *array)
{
    void *pointer;
    memcpy(&pointer, (const char *)o + array->pointer, sizeof pointer);
    return pointer;
}

static size_t bytes_of(const struct run_outcome *o, const struct array *array)
{
    unsigned count;
    memcpy(&count, (const char *)o + array->count, sizeof count);
    return count * array->element_bytes;
}

static bool send_outcome(int fd, const struct run_outcome *o)
{
    bool good = write_all(fd, o, sizeof *o);
    for (unsigned k = 0; good && k < ARRAYS; k++)
        good = write_all(fd, pointer_of(o, &arrays[k]), bytes_of(o, &arrays[k]));
    return good;
}

/* Why the point failed, and what its guest said last. */
static void describe_failure(struct run_outcome *o, const struct tail *console)
{
    char lines[TAIL_BYTES + 1];
    if (o->message[0] == 0)
        snprintf(o->message, sizeof o->message, "the guest ended with code %d", o->status);
    size_t n = strlen(o->message);
    tail_lines(console, lines);
    if (lines[0])
        snprintf(o->message + n, sizeof o->message - n, "; its last words:\n%s", lines);
}

/* The life of a worker. */
static _Noreturn void work(const struct run_request *request, int fd, pid_t parent)
{
    struct run_record record = {0};
    struct error e = {0};
    struct tail console = {0};
    int64_t started_at = (int64_t)time(NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_STATUS_INTERRUPT);
    FILE *f = tail_open(&console);
    if (!run_point(request, f, &record, &e)) {
        record.outcome.status = (int)e.status;
        snprintf(record.outcome.message, sizeof record.outcome.message, "%s", e.text);
    }
    if (f)
        fclose(f);
    if (record.outcome.status != 0)
        describe_failure(&record.outcome, &console);
    if (record.outcome.started_at == 0)
        record.outcome.started_at = started_at;
    _exit(send_outcome(fd, &record.outcome) ? EXIT_STATUS_OK : EXIT_STATUS_IO);
}

bool worker_start(struct worker *worker, const struct run_request *request, unsigned point,
                  struct error *e)
{
    int ends[2];
    pid_t parent = getpid();
    *worker = (struct worker){.point = point, .started = host_seconds_now()};
    if (pipe(ends) != 0)
        return error_set(e, EXIT_STATUS_IO, "a pipe to a worker: %s", strerror(errno));
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        work(request, ends[1], parent);
    }
    close(ends[1]);
    worker->fd = ends[0];
    if (worker->pid > 0)
        return true;
    close(ends[0]);
    return error_set(e, EXIT_STATUS_IO, "a worker process: %s", strerror(errno));
}

bool worker_read(struct worker *worker)
{
    unsigned char block[65536];
    ssize_t n = read(worker->fd, block, sizeof block);
    if (n < 0 && errno == EINTR)
        return false;
    if (n <= 0)
        return true;
    worker->bytes = mem_resize(worker->bytes, worker->count + (size_t)n);
    memcpy(worker->bytes + worker->count, block, (size_t)n);
    worker->count += (size_t)n;
    return false;
}

/* NULL for nothing. */
static void *copy_array(const unsigned char *from, size_t bytes)
{
    return bytes ? memcpy(mem_alloc(bytes), from, bytes) : NULL;
}

static bool receive_outcome(const struct worker *worker, struct run_outcome *o)
{
    size_t at = sizeof *o, all = sizeof *o;
    if (worker->count < sizeof *o)
        return false;
    memcpy(o, worker->bytes, sizeof *o);
    for (unsigned k = 0; k < ARRAYS; k++)
        all += bytes_of(o, &arrays[k]);
    if (worker->count != all)
        return false;
    for (unsigned k = 0; k < ARRAYS; k++) {
        size_t bytes = bytes_of(o, &arrays[k]);
        void *copy = copy_array(worker->bytes + at, bytes);
        memcpy((char *)o + arrays[k].pointer, &copy, sizeof copy);
        at += bytes;
    }
    o->stats.capacity = o->stats.count;
    return true;
}

/* What is known of a worker that did not send its outcome. */
static void describe_death(const struct worker *worker, int status, struct run_outcome *o)
{
    memset(o, 0, sizeof *o);
    o->status = EXIT_STATUS_INTERNAL;
    o->exit_code = RUN_NO_EXIT_CODE;
    o->host_seconds = host_seconds_now() - worker->started;
    o->started_at = (int64_t)time(NULL) - (int64_t)o->host_seconds;
    if (WIFSIGNALED(status))
        snprintf(o->message, sizeof o->message, "the worker was ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(o->message, sizeof o->message, "the worker ended with status %d and no outcome",
                 WEXITSTATUS(status));
}

static int reap(struct worker *worker)
{
    int status = 0;
    close(worker->fd);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

void worker_finish(struct worker *worker, struct run_outcome *outcome)
{
    int status = reap(worker);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !receive_outcome(worker, outcome))
        describe_death(worker, status, outcome);
    mem_free(worker->bytes);
    worker->bytes = NULL;
}

void worker_stop(struct worker *worker)
{
    kill(worker->pid, SIGKILL);
    reap(worker);
    mem_free(worker->bytes);
    worker->bytes = NULL;
}
