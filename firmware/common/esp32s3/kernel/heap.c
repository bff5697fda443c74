/* A heap of internal memory: first fit by address, neighbours joined when freed. Blocks are 16-byte aligned. */
#include "kernel/internal.h"

#define ALIGN 16u

struct block {
    size_t bytes; /* with this head */
    struct block *next;
    uint32_t used, pad;
};
#define USED 0x75736564u

extern uint8_t __heap_start[], __heap_end[];

static struct block *free_blocks;
static size_t free_bytes, least_free;

void heap_init(void) {
    uintptr_t start = ((uintptr_t)__heap_start + ALIGN - 1) & ~(ALIGN - 1);
    free_blocks = (struct block *)start;
    free_bytes = least_free = ((uintptr_t)__heap_end - start) & ~(ALIGN - 1);
    *free_blocks = (struct block){.bytes = free_bytes};
}

void *pvPortMalloc(size_t bytes) {
    size_t need = (bytes + sizeof(struct block) + ALIGN - 1) & ~(ALIGN - 1);
    uint32_t level = kernel_lock();
    struct block *block = 0;
    for (struct block **at = &free_blocks; *at; at = &(*at)->next)
        if ((*at)->bytes >= need) {
            block = *at;
            if (block->bytes - need >= 2 * sizeof *block) {
                struct block *rest = (struct block *)((uint8_t *)block + need);
                *rest = (struct block){.bytes = block->bytes - need, .next = block->next};
                block->bytes = need;
                *at = rest;
            } else {
                *at = block->next;
            }
            block->used = USED;
            free_bytes -= block->bytes;
            if (free_bytes < least_free)
                least_free = free_bytes;
            break;
        }
    kernel_unlock(level);
    return block ? block + 1 : 0;
}

static void join(struct block *block) {
    if (block->next && (uint8_t *)block + block->bytes == (uint8_t *)block->next) {
        block->bytes += block->next->bytes;
        block->next = block->next->next;
    }
}

void vPortFree(void *memory) {
    if (!memory)
        return;
    struct block *block = (struct block *)memory - 1;
    panic_if(block->used != USED, "freed what is not of the heap, or is free");
    uint32_t level = kernel_lock();
    block->used = 0;
    free_bytes += block->bytes;
    struct block *before = 0, *after = free_blocks;
    while (after && after < block) {
        before = after;
        after = after->next;
    }
    block->next = after;
    join(block);
    if (before) {
        before->next = block;
        join(before);
    } else {
        free_blocks = block;
    }
    kernel_unlock(level);
}

size_t xPortGetFreeHeapSize(void) { return free_bytes; }
size_t xPortGetMinimumEverFreeHeapSize(void) { return least_free; }
