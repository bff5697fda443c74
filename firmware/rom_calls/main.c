/* Calls functions of the mask ROM as a list in memory says, for a test that compares two forms of the ROM.
 *
 * Who runs this fills `calls`, sets `call_count`, and waits until `calls_done` says the same. The memory that the calls
 * work on begins at `arena_start`. What a function calls back is below; `hook_table` has the addresses. All that they see and allocate
 * comes from the call's own entries, so that each call stands alone, or with those before that it follows.
 */
#include "flash_hooks.h"

struct words {
    uint32_t word[4];
};
typedef struct words rom_function(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);

struct call {
    rom_function *function;
    uint32_t argument[9];
    struct words result;
    uint8_t *source, *source_end; /* what the hooks read */
    uint8_t *sink, *sink_end;     /* where the hooks write */
    uint8_t *heap, *heap_end;     /* where the hooks allocate */
    uint32_t patience;            /* calls of an output function until it refuses */
    uint32_t follows;             /* the entries above from `source` on are where the call before has left them */
};

#define CALLS 512
#define ARENA_BYTES 0x2c000
volatile uint32_t call_count, calls_done;
struct call calls[CALLS];
static uint8_t arena[ARENA_BYTES] __attribute__((aligned(16)));
uint8_t *volatile arena_start;
uint32_t reent[64];

static struct call *now;

static void put(const uint8_t *data, uint32_t count) {
    for (uint32_t n = 0; n < count && now->sink < now->sink_end; n++)
        *now->sink++ = data[n];
}
static uint32_t patient(void) { return now->patience && now->patience--; }

static int compare_bytes(const uint8_t *one, const uint8_t *other) { return *one - *other; }
static int compare_words(const int32_t *one, const int32_t *other) { return (*one > *other) - (*one < *other); }
static void put_char(char c) { put((const uint8_t *)&c, 1); }
static uint32_t put_buffer(const uint8_t *data, uint32_t count) {
    put(data, count);
    return patient();
}
void hook_reads(void *to, uint32_t count) {
    uint32_t left = now->source_end - now->source;
    count = count < left ? count : left;
    memcpy(to, now->source, count);
    now->source += count;
}
void hook_writes(const void *from, uint32_t count) { put(from, count); }
int lies_in_arena(uint32_t address) { return address - (uint32_t)arena < ARENA_BYTES; }

/* An input function of the JPEG decoder: no buffer means to skip. */
static uint32_t jpeg_in(void *decoder, uint8_t *to, uint32_t count) {
    (void)decoder;
    uint32_t left = now->source_end - now->source;
    count = count < left ? count : left;
    if (to)
        memcpy(to, now->source, count);
    now->source += count;
    return count;
}
/* An output function of it: the rectangle, then its pixels. */
static uint32_t jpeg_out(void *decoder, const uint8_t *pixels, const uint16_t *rect) {
    (void)decoder;
    put((const uint8_t *)rect, 8);
    put(pixels, 3u * (rect[1] - rect[0] + 1u) * (rect[3] - rect[2] + 1u));
    return patient();
}

/* The application's side of the C library: `struct syscall_stub_table` of ESP-IDF's rom/libc_stubs.h. Each block has
 * its size before it. */
static void *get_reent(void) { return reent; }
static void *allocate(void *r, uint32_t bytes) {
    (void)r;
    uint8_t *block = now->heap + 8;
    if (bytes > (uint32_t)(now->heap_end - now->heap) || block + bytes > now->heap_end)
        return 0;
    ((uint32_t *)block)[-1] = bytes;
    now->heap = block + ((bytes + 7) & ~7u);
    return block;
}
void *hook_allocates(uint32_t bytes) { return allocate(0, bytes); }
static void release(void *r, void *block) { (void)r, (void)block; }
static void *reallocate(void *r, void *block, uint32_t bytes) {
    uint32_t old = block ? ((uint32_t *)block)[-1] : 0;
    void *fresh = allocate(r, bytes);
    if (fresh && block)
        memcpy(fresh, block, old < bytes ? old : bytes);
    return fresh;
}
static int write_file(void *r, int file, const uint8_t *data, uint32_t count) {
    (void)r, (void)file;
    put(data, count);
    return patient() ? (int)count : -1;
}
/* st_mode says a character device, st_blksize its buffer, of file 1 none. */
static int describe_file(void *r, int file, uint32_t *stat) {
    (void)r;
    stat[1] = file == 2 ? 0x8000 : 0x2000;
    stat[11] = file == 1 ? 0 : 40;
    return 0;
}
/* What newlib-nano prints a part of a format with, and a file's function. */
static int put_text(void *r, void *file, const uint8_t *data, uint32_t count) {
    (void)file;
    return write_file(r, 0, data, count);
}
static void nothing(void) {}
static void put_two(uint32_t one, uint32_t other) {
    uint32_t words[] = {one, other};
    put((const uint8_t *)words, sizeof words);
}
/* A group of cache lines (ESP-IDF rom/cache.h, struct tag_group_info): what of it counts. */
static void put_group(const uint8_t *group) {
    enum { WAYS = 6, TAGS = 16, MEMORY = 48, LEGACY = 80 };
    put(group, TAGS);
    put(group + TAGS, 4u * group[WAYS]);
    put(group + MEMORY, 4u * group[WAYS]);
    put(group + LEGACY, 1);
}
/* A division by zero with the ROM's vectors in force. Who is attached to it gets a frame (xtensa/xtruntime-frames.h,
 * UserFrame), of which the instruction is left out and a4 made something else. */
static void on_fault(uint32_t *frame) {
    enum { PC = 0, PS = 1, SAR = 2, A4 = 6, EXCCAUSE = 8, INSTRUCTION = 3 };
    const uint32_t owb = 0xf00; /* the window of the last overflow */
    const uint32_t seen[] = {frame[PS] & ~owb, frame[SAR], frame[A4], frame[EXCCAUSE]};
    put((const uint8_t *)seen, sizeof seen);
    frame[PC] += INSTRUCTION;
    frame[A4] ^= 0xffffffff;
}
static uint32_t fault(uint32_t number, uint32_t shift) {
    enum { DIVIDE_BY_ZERO = 6, ROM_VECTORS = 0x40000000 };
    void *(*attach)(int cause, void *function) = (void *(*)(int, void *))0x40001c14; /* _xtos_set_exception_handler */
    uint32_t vectors;
    register uint32_t result __asm__("a4") = number;
    attach(DIVIDE_BY_ZERO, on_fault);
    __asm__ volatile("rsr.vecbase %0\n wsr.vecbase %1\n wsr.sar %2\n rsync" : "=&r"(vectors) : "r"(ROM_VECTORS), "r"(shift & 31));
    __asm__ volatile("quou %0, %0, %1" : "+r"(result) : "r"(0) : "memory");
    __asm__ volatile("rsr.sar %0\n wsr.vecbase %1\n rsync" : "=&r"(shift) : "r"(vectors));
    attach(DIVIDE_BY_ZERO, 0);
    return result + shift;
}
/* cpio_callback_t of rom/usb/cpio.h: why, which file, what of it. */
struct file {
    uint32_t size;
    const char *name;
    uint32_t mode, check;
};
static void put_file(uint32_t reason, const struct file *f, uint32_t offset, uint32_t count, const uint8_t *data, uint32_t own) {
    const uint32_t words[] = {reason, f->size, f->mode, f->check, offset, count, own};
    put((const uint8_t *)words, sizeof words);
    for (const char *c = f->name; *c; c++)
        put_char(*c);
    put(data, count);
}

/* syscall_table_ptr of esp32s3.rom.newlib.ld. */
#define SYSCALL_TABLE (*(void ***)0x3fceffd4u)

static void *hooks[] = {compare_bytes, compare_words, put_char, put_buffer, jpeg_in, jpeg_out, put_text, reent, nothing, put_two, put_group, fault, put_file};
void **volatile hook_table, **volatile flash_hook_table;
static void *table[48];

int main(void) {
    clocks_init();
    watchdogs_off();
    for (uint32_t n = 0; n < sizeof table / sizeof *table; n++)
        table[n] = nothing;
    table[0] = get_reent;
    table[1] = allocate;
    table[2] = release;
    table[3] = reallocate;
    table[14] = describe_file;
    table[15] = allocate; /* _sbrk_r */
    table[21] = write_file;
    SYSCALL_TABLE = table;
    arena_start = arena;
    flash_hook_table = flash_hooks;
    hook_table = hooks;
    for (;;) {
        while (calls_done == call_count)
            ;
        now = &calls[calls_done];
        if (now->follows)
            memcpy(&now->source, &now[-1].source, offsetof(struct call, follows) - offsetof(struct call, source));
        const uint32_t *a = now->argument;
        now->result = now->function(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
        calls_done++;
    }
}
