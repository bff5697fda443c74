/* Ring buffers of ESP-IDF's documentation: items with a head of 8 bytes and 4-byte alignment, or plain bytes.
 *
 * Items leave in order; memory is reused when the oldest have been returned. `write` is where the next item goes,
 * `read` the next one to hand out, `oldest` the first that has not been returned. */
#include "kernel/internal.h"

#define HEAD 8u
#define RETURNED 1u
#define FILLER 2u /* to the end of the memory: holds nothing */
#define SPLIT 4u  /* goes on at the beginning */

struct head {
    uint32_t bytes, flags;
};

struct ring {
    struct list senders, receivers;
    RingbufferType_t type;
    size_t size, write, read, oldest, used, unread; /* `used`: from oldest to write; `unread`: from read to write */
    uint8_t *memory;
};

RingbufHandle_t xRingbufferCreate(size_t bytes, RingbufferType_t type) {
    bytes = (bytes + 3) & ~3u;
    struct ring *ring = pvPortMalloc(sizeof *ring);
    uint8_t *memory = pvPortMalloc(bytes);
    if (!ring || !memory) {
        vPortFree(ring);
        vPortFree(memory);
        return 0;
    }
    memset(ring, 0, sizeof *ring);
    ring->type = type;
    ring->size = bytes;
    ring->memory = memory;
    return ring;
}

void vRingbufferDelete(RingbufHandle_t ring) {
    vPortFree(ring->memory);
    vPortFree(ring);
}

static size_t rounded(size_t bytes) { return (bytes + 3) & ~3u; }
static struct head *head_at(struct ring *ring, size_t at) { return (struct head *)(ring->memory + at); }

static void advance(struct ring *ring, size_t *at, size_t by) { *at = *at + by >= ring->size ? *at + by - ring->size : *at + by; }

static void write_item(struct ring *ring, const void *item, size_t bytes, uint32_t flags) {
    struct head *head = head_at(ring, ring->write);
    head->bytes = bytes;
    head->flags = flags;
    if (item)
        memcpy(head + 1, item, bytes);
    size_t taken = HEAD + rounded(bytes);
    advance(ring, &ring->write, taken);
    ring->used += taken;
    ring->unread += taken;
}

/* Whether it fitted. */
static BaseType_t put(struct ring *ring, const uint8_t *item, size_t bytes) {
    size_t free_bytes = ring->size - ring->used, to_end = ring->size - ring->write;
    if (ring->type == RINGBUF_TYPE_BYTEBUF) {
        if (bytes > free_bytes)
            return 0;
        size_t first = bytes < to_end ? bytes : to_end;
        memcpy(ring->memory + ring->write, item, first);
        memcpy(ring->memory, item + first, bytes - first);
        advance(ring, &ring->write, bytes);
        ring->used += bytes;
        ring->unread += bytes;
        return 1;
    }
    size_t need = HEAD + rounded(bytes);
    if (need <= to_end) {
        if (need > free_bytes)
            return 0;
        write_item(ring, item, bytes, 0);
        return 1;
    }
    if (ring->type == RINGBUF_TYPE_NOSPLIT || to_end <= HEAD) {
        if (to_end + need > free_bytes)
            return 0;
        if (to_end >= HEAD) {
            write_item(ring, 0, to_end - HEAD, FILLER);
        } else { /* no room for a head: the readers know */
            ring->write = 0;
            ring->used += to_end;
            ring->unread += to_end;
        }
        write_item(ring, item, bytes, 0);
        return 1;
    }
    if (need + HEAD > free_bytes)
        return 0;
    size_t first = to_end - HEAD;
    write_item(ring, item, first, SPLIT);
    write_item(ring, item + first, bytes - first, 0);
    return 1;
}

/* Over what holds nothing. */
static void skip(struct ring *ring, size_t *at, size_t *count) {
    size_t to_end = ring->size - *at;
    if (*count && to_end < HEAD) {
        *count -= to_end;
        *at = 0;
    } else if (*count && head_at(ring, *at)->flags & FILLER) {
        *count -= to_end;
        *at = 0;
    }
}

static void *take(struct ring *ring, size_t *bytes, size_t max, uint32_t *flags) {
    *flags = 0;
    if (ring->type == RINGBUF_TYPE_BYTEBUF) {
        if (!ring->unread || ring->used != ring->unread) /* one loan at a time */
            return 0;
        size_t run = ring->size - ring->read;
        run = run < ring->unread ? run : ring->unread;
        run = max && max < run ? max : run;
        void *item = ring->memory + ring->read;
        advance(ring, &ring->read, run);
        ring->unread -= run;
        *bytes = run;
        return item;
    }
    skip(ring, &ring->read, &ring->unread);
    if (!ring->unread)
        return 0;
    struct head *head = head_at(ring, ring->read);
    size_t taken = HEAD + rounded(head->bytes);
    *flags = head->flags;
    *bytes = head->bytes;
    advance(ring, &ring->read, taken);
    ring->unread -= taken;
    return head + 1;
}

BaseType_t xRingbufferSend(RingbufHandle_t ring, const void *item, size_t bytes, TickType_t ticks) {
    size_t largest = ring->type == RINGBUF_TYPE_BYTEBUF ? ring->size : ring->size / 2 - HEAD;
    if (ring->type == RINGBUF_TYPE_ALLOWSPLIT)
        largest = ring->size - 2 * HEAD;
    if (bytes > largest)
        return pdFALSE;
    uint32_t level = kernel_lock();
    TickType_t since = xTaskGetTickCount(), left = ticks;
    BaseType_t done;
    while (!(done = put(ring, item, bytes)) && left) {
        kernel_wait(&ring->senders, left, &level);
        left = ticks_left(since, ticks);
    }
    if (done)
        kernel_wake(&ring->receivers);
    kernel_unlock(level);
    return done;
}

BaseType_t xRingbufferSendFromISR(RingbufHandle_t ring, const void *item, size_t bytes, BaseType_t *woken) {
    BaseType_t done = xRingbufferSend(ring, item, bytes, 0);
    if (woken && kernel_yield_is_due())
        *woken = pdTRUE;
    return done;
}

static void *receive(RingbufHandle_t ring, size_t *bytes, TickType_t ticks, size_t max, uint32_t *flags) {
    uint32_t level = kernel_lock();
    TickType_t since = xTaskGetTickCount(), left = ticks;
    void *item;
    while (!(item = take(ring, bytes, max, flags)) && left) {
        kernel_wait(&ring->receivers, left, &level);
        left = ticks_left(since, ticks);
    }
    kernel_unlock(level);
    return item;
}

void *xRingbufferReceive(RingbufHandle_t ring, size_t *bytes, TickType_t ticks) {
    uint32_t flags;
    return receive(ring, bytes, ticks, 0, &flags);
}

void *xRingbufferReceiveUpTo(RingbufHandle_t ring, size_t *bytes, TickType_t ticks, size_t max) {
    uint32_t flags;
    return receive(ring, bytes, ticks, max, &flags);
}

BaseType_t xRingbufferReceiveSplit(RingbufHandle_t ring, void **head, void **tail, size_t *head_bytes,
                                   size_t *tail_bytes, TickType_t ticks) {
    uint32_t flags;
    *tail = 0;
    *tail_bytes = 0;
    *head = receive(ring, head_bytes, ticks, 0, &flags);
    if (*head && flags & SPLIT)
        *tail = receive(ring, tail_bytes, 0, 0, &flags);
    return *head != 0;
}

void vRingbufferReturnItem(RingbufHandle_t ring, void *item) {
    uint32_t level = kernel_lock();
    if (ring->type == RINGBUF_TYPE_BYTEBUF) {
        ring->oldest = ring->read;
        ring->used = ring->unread;
    } else {
        ((struct head *)item - 1)->flags |= RETURNED;
        for (;;) {
            skip(ring, &ring->oldest, &ring->used);
            if (ring->used == ring->unread)
                break;
            struct head *head = head_at(ring, ring->oldest);
            if (!(head->flags & RETURNED))
                break;
            size_t taken = HEAD + rounded(head->bytes);
            advance(ring, &ring->oldest, taken);
            ring->used -= taken;
        }
    }
    while (kernel_wake(&ring->senders)) {
    }
    kernel_unlock(level);
}

size_t xRingbufferGetCurFreeSize(RingbufHandle_t ring) {
    size_t free_bytes = ring->size - ring->used;
    return ring->type == RINGBUF_TYPE_BYTEBUF ? free_bytes : free_bytes > HEAD ? free_bytes - HEAD : 0;
}
