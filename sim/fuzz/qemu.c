/*
 * Programs on QEMU's virt machine.  Its memory is a file that both processes
 * map, so the image goes in and the results come out without any device; the
 * machine's test device ends the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/fuzz/machines.h"

extern char **environ;

enum { MEMORY_BYTES = FZ_MEMORY_MIB << 20, CPU_TEXT_MAX = 512, ASLEEP_TIMES = 12 };

struct qemu {
    const struct binary *programs;
    struct result *results;
    unsigned count, done;
    unsigned seconds;
    char cpu[CPU_TEXT_MAX];
    uint8_t *memory;
    int memory_file, messages; /* what the process prints */
    pid_t process;
    time_t asleep_at;
};

static const struct property {
    const char *on, *off;
} properties[FEATURES] = {
#define FEATURE(name, percent, qemu_on, qemu_off, on, off, meaning)                                \
    [FEATURE_##name] = {qemu_on, qemu_off},
#include "sim/fuzz/features.def"
#undef FEATURE
};

/* Everything that Tessera lacks is off, whatever the version's defaults. */
static void describe_cpu(char *text, uint32_t features)
{
    strcpy(text, "rv64,priv_spec=v1.12.0,g=false,f=false,d=false,v=false,h=false,zbc=false,"
                 "c=true,zba=true,zbb=true,zbs=true,svinval=true,sstc=true,mmu=true,"
                 "debug=false,x-smaia=true,x-ssaia=true,marchid=0,mimpid=0,pmu-num=29");
    for (unsigned i = 0; i < FEATURES; i++) {
        const char *p = features >> i & 1 ? properties[i].on : properties[i].off;
        if (*p)
            strcat(strcat(text, ","), p);
    }
}

static bool spawn(struct qemu *q, struct error *e)
{
    char backend[128];
    snprintf(backend, sizeof backend,
             "memory-backend-file,id=ram,size=%dM,mem-path=/proc/self/fd/%d,share=on",
             FZ_MEMORY_MIB, q->memory_file);
    const char *argv[] = {"qemu-system-riscv64",
                          "-M",
                          "virt,memory-backend=ram",
                          "-object",
                          backend,
                          "-m",
                          "64M",
                          "-cpu",
                          q->cpu,
                          "-bios",
                          "none",
                          "-nodefaults",
                          "-display",
                          "none",
                          "-serial",
                          "none",
                          "-monitor",
                          "none",
                          "-singlestep",
                          NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, q->messages, 1);
    posix_spawn_file_actions_adddup2(&actions, q->messages, 2);
    int failed = posix_spawnp(&q->process, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return error_set(e, EXIT_STATUS_IO, "%s: %s (Debian package qemu-system-misc)", argv[0],
                         strerror(failed));
    return true;
}

/* Runs the programs that are left. */
static bool launch(struct qemu *q, struct error *e)
{
    struct image image;
    unsigned left = q->count - q->done;
    image_build(&image, q->programs + q->done, left, true);
    memset(q->memory, 0, FZ_BLOBS - FZ_BASE);
    memset(q->memory + (FZ_RESULTS - FZ_BASE), 0, (size_t)left * FZ_RESULT_BYTES);
    for (unsigned i = 0; i < IMAGE_SEGMENTS; i++)
        memcpy(q->memory + (image.segment[i].address - FZ_BASE), image.segment[i].bytes,
               image.segment[i].file_bytes);
    image_free(&image);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    q->asleep_at = now.tv_sec + ASLEEP_TIMES * (time_t)q->seconds;
    return spawn(q, e);
}

static void destroy(struct qemu *q)
{
    munmap(q->memory, MEMORY_BYTES);
    close(q->memory_file);
    close(q->messages);
    mem_free(q);
}

struct qemu *qemu_start(const struct binary *programs, unsigned count, struct result *results,
                        unsigned seconds, struct error *e)
{
    struct qemu *q = mem_alloc(sizeof *q);
    *q =
        (struct qemu){.programs = programs, .results = results, .count = count, .seconds = seconds};
    memset(results, 0, count * sizeof *results);
    describe_cpu(q->cpu, programs[0].setting.features);
    q->memory_file = memfd_create("fuzz-memory", 0);
    q->messages = memfd_create("fuzz-messages", 0);
    q->memory = MAP_FAILED;
    if (q->memory_file >= 0 && ftruncate(q->memory_file, MEMORY_BYTES) == 0)
        q->memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, q->memory_file, 0);
    if (q->memory == MAP_FAILED) {
        error_set(e, EXIT_STATUS_IO, "memory for QEMU: %s", strerror(errno));
        mem_free(q);
        return NULL;
    }
    if (!launch(q, e)) {
        destroy(q);
        return NULL;
    }
    return q;
}

static bool has_reached(clockid_t clock, time_t seconds)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 && now.tv_sec >= seconds;
}

/* By the process's own time, so that a busy host makes nothing late; one that sleeps
 * for good takes no time. */
static bool is_late(const struct qemu *q)
{
    clockid_t own;
    return (clock_getcpuclockid(q->process, &own) == 0 && has_reached(own, q->seconds)) ||
           has_reached(CLOCK_MONOTONIC, q->asleep_at);
}

/* Waits for the process; one that is late is ended.  Its exit status, or -1. */
static int reap(struct qemu *q)
{
    static const struct timespec pause = {0, 1000000};
    bool ended = false;
    int status = 0;
    while (waitpid(q->process, &status, WNOHANG) == 0) {
        if (!ended && is_late(q)) {
            kill(q->process, SIGKILL);
            ended = true;
        }
        nanosleep(&pause, NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool complain(struct qemu *q, int status, struct error *e)
{
    char text[400] = "";
    ssize_t got = pread(q->messages, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return error_set(e, EXIT_STATUS_IO, "qemu-system-riscv64 -cpu %s: exit status %d: %s", q->cpu,
                     status, text);
}

bool qemu_wait(struct qemu *q, struct error *e)
{
    bool good = true;
    for (;;) {
        int status = reap(q);
        if (status > 0) {
            good = complain(q, status, e);
            break;
        }
        unsigned first = q->done;
        for (; q->done < q->count; q->done++) {
            struct result *r = &q->results[q->done];
            memcpy(r, q->memory + (FZ_RESULTS - FZ_BASE) + (q->done - first) * FZ_RESULT_BYTES,
                   sizeof *r);
            if (!r->status)
                break;
        }
        bool cut_short = status == 0 && q->done > first; /* "locked_pmp" */
        if (q->done < q->count && !cut_short)
            memset(&q->results[q->done++], 0, sizeof *q->results);
        if (q->done >= q->count)
            break;
        if (!launch(q, e)) {
            good = false;
            break;
        }
    }
    destroy(q);
    return good;
}
