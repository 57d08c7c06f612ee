/*
 * Programs, the harness and the header as one memory image.
 */
#include <assert.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/fuzz/machines.h"

extern const uint8_t fuzz_harness[], fuzz_harness_end[];

#define BLOBS_BYTES (FZ_RESULTS - FZ_BLOBS)

static uint8_t *put_words(uint8_t *to, const void *words, size_t count)
{
    memcpy(to, words, 8 * count);
    return to + 8 * count;
}

static uint8_t *put_blob(uint8_t *to, const struct binary *b, bool on_qemu)
{
    const struct setting *s = &b->setting;
    uint64_t bytes = BLOB_POKE + 16 * (uint64_t)s->pokes + 8 * (uint64_t)b->patches + b->code_bytes;
    uint64_t head[] = {bytes, b->code_bytes, b->code_at, b->end, s->pokes, b->patches};
    uint8_t *at = put_words(to, head, 6);
    assert(at == to + BLOB_X);
    at = put_words(at, s->x, 32);
    at = put_words(at, s->action, ACTIONS);
    at = put_words(at, s->state, STATES);
    assert(at == to + BLOB_POKE);
    for (unsigned i = 0; i < s->pokes; i++) {
        at = put_words(at, &s->poke[i].address, 1);
        at = put_words(at, &s->poke[i].value, 1);
    }
    for (unsigned i = 0; i < b->patches; i++)
        at = put_words(at, &(uint64_t){FZ_CODE + b->patch[i].offset}, 1);
    memcpy(at, b->code, b->code_bytes);
    for (unsigned i = 0; on_qemu && i < b->patches; i++)
        memcpy(at + (FZ_CODE + b->patch[i].offset - b->code_at), &b->patch[i].word, 4);
    return to + bytes;
}

static struct elf_segment segment_of(paddr_t address, const void *bytes, size_t count)
{
    return (struct elf_segment){address, count, count, bytes};
}

void image_build(struct image *image, const struct binary *programs, unsigned count, bool on_qemu)
{
    uint32_t features = programs[0].setting.features;
    assert(count <= FZ_CASES_MAX && fuzz_harness_end - fuzz_harness == FZ_HARNESS_BYTES);
    image->blobs = mem_alloc(BLOBS_BYTES);
    uint8_t *at = image->blobs;
    for (unsigned i = 0; i < count; i++) {
        assert(programs[i].setting.features == features);
        assert(at + sizeof(struct binary) < image->blobs + BLOBS_BYTES);
        at = put_blob(at, &programs[i], on_qemu);
    }
    memset(image->header, 0, sizeof image->header);
    image->header[HEADER_ON_QEMU / 8] = on_qemu;
    image->header[HEADER_LEFT / 8] = count;
    image->header[HEADER_BLOB / 8] = FZ_BLOBS;
    image->header[HEADER_RESULT / 8] = FZ_RESULTS;
    image->header[HEADER_USES / 8] = (features & SV39 ? USES_PAGING : 0) |
                                     (features & PMP ? USES_PMP : 0) |
                                     (features & LOCKED ? USES_LOCKS : 0);
    image->segment[0] = segment_of(FZ_BASE, fuzz_harness, FZ_HARNESS_BYTES);
    image->segment[1] = segment_of(FZ_HEADER, image->header, sizeof image->header);
    image->segment[2] = segment_of(FZ_BLOBS, image->blobs, (size_t)(at - image->blobs));
}

void image_free(struct image *image)
{
    mem_free(image->blobs);
}
