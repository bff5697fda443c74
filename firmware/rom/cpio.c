/* Archives of cpio in its "newc" form, as they come, piece by piece (ESP-IDF rom/usb/cpio.h). */
#include "usb.h"

enum { HEADER, NAME, DATA, PADDING, AT_END, BROKEN };
enum { HEADER_BYTES = 110, NEWC = 0x070701 };
/* The name ends where header and name are whole words. */
#define WHOLE_WORDS(name_bytes) ((((name_bytes) + HEADER_BYTES + 3) & ~3u) - HEADER_BYTES)

struct cpio {
    uint32_t state;
    cpio_told *told;
    void *own;
    uint8_t header[HEADER_BYTES];
    struct cpio_file file;
    uint32_t name_bytes;
    int at; /* of what is coming */
    uint8_t *buffer;
    int buffer_bytes, held, room;
};
_Static_assert(sizeof(struct cpio) == 164, "as on silicon");

int rom_memcmp(const void *one, const void *other, size_t count);

static int hex(const uint8_t *from, int count, uint32_t *to) {
    uint32_t value = 0;
    for (; count; count--) {
        uint8_t c = *from++, digit;
        if ((uint8_t)(c - '0') < 10)
            digit = c - '0';
        else if ((uint8_t)(c - 'a') < 6)
            digit = c - 'a' + 10;
        else if ((uint8_t)(c - 'A') < 6)
            digit = c - 'A' + 10;
        else
            return 0;
        value = value << 4 | digit;
    }
    if (to)
        *to = value;
    return 1;
}

static int least(int one, int other) { return one < other ? one : other; }

struct cpio *cpio_start(cpio_told *told, void *own, uint32_t buffer, void *memory, uint32_t bytes) {
    struct cpio *c = memory;
    uint8_t *next = (uint8_t *)(c + 1), *end = (uint8_t *)memory + bytes;
    if (next >= end)
        return 0;
    rom_memset(c, 0, sizeof *c);
    c->told = told;
    c->own = own;
    c->buffer_bytes = buffer;
    if (buffer) {
        c->buffer = next;
        next += buffer;
        if (next >= end)
            return 0;
    }
    c->file.name = (const char *)next;
    c->room = end - next - 1;
    return c;
}
ENTRY(cpio_start, 0x40002730);

/* Numbers of 8 digits behind the magic of 6: of interest are mode, size, length of the name, and check. One that is none is
 * taken to be that before. */
static void parse(struct cpio *c) {
    enum { MODE = 1, SIZE = 6, NAME_BYTES = 11, CHECK };
    uint32_t value = 0, *const to[CHECK + 1] = {
        [MODE] = &c->file.mode, [SIZE] = &c->file.size, [NAME_BYTES] = &c->name_bytes, [CHECK] = &c->file.check};
    if (!hex(c->header, 6, &value) || value - NEWC > 1)
        c->state = BROKEN;
    for (int n = 0; n <= CHECK; n++) {
        if (!hex(c->header + 6 + 8 * n, 8, to[n] ? &value : 0))
            c->state = BROKEN;
        if (n == NAME_BYTES)
            value = WHOLE_WORDS(value);
        if (to[n])
            *to[n] = value;
    }
    if (c->state == BROKEN)
        return;
    c->state = NAME;
    c->at = 0;
    if (c->name_bytes + 1 >= (uint32_t)c->room)
        c->state = BROKEN;
    else
        rom_memset((char *)c->file.name, 0, c->name_bytes + 1);
}

/* A piece of a file, into the buffer or from where it is. */
static int file_data(struct cpio *c, const uint8_t *data, int count) {
    int size = c->file.size, at = c->at, ends;
    count = least(count, size - at);
    if (!c->buffer_bytes) {
        c->at += count;
        ends = c->at == size;
        c->told(ends ? (at ? FILE_ENDS : WHOLE_FILE) : (at ? FILE_GOES_ON : FILE_BEGINS), &c->file, at, count, data, c->own);
    } else {
        int held = c->held, first = (uint32_t)at < (uint32_t)c->buffer_bytes;
        count = least(count, c->buffer_bytes - held);
        rom_memcpy(c->buffer + held, data, count);
        c->held += count;
        c->at += count;
        ends = c->at == size;
        if (!ends && c->held != c->buffer_bytes)
            return count;
        c->told(ends ? (first ? WHOLE_FILE : FILE_ENDS) : (first ? FILE_BEGINS : FILE_GOES_ON), &c->file, at - held, c->held, c->buffer, c->own);
        c->held = 0;
    }
    if (ends) {
        *(char *)c->file.name = 0;
        c->state = PADDING;
    }
    return count;
}

/* What ends here is noticed when more comes. */
int cpio_feed(struct cpio *c, const uint8_t *data, int count) {
    static const char trailer[] = "TRAILER!!!";
    while (count > 0) {
        int taken = 0, was = c->at;
        switch (c->state) {
        case HEADER:
            taken = least(count, HEADER_BYTES - was);
            rom_memcpy(c->header + was, data, taken);
            c->at += taken;
            if (was == HEADER_BYTES)
                parse(c);
            break;
        case NAME:
            taken = least(count, (int)c->name_bytes - was);
            rom_memcpy((char *)c->file.name + was, data, taken);
            c->at += taken;
            if (was != (int)c->name_bytes)
                break;
            if (!c->file.size && !rom_memcmp(c->file.name, trailer, sizeof trailer)) {
                *(char *)c->file.name = 0;
                c->state = AT_END;
                return CPIO_DONE;
            }
            c->state = DATA;
            c->held = c->at = 0;
            break;
        case DATA:
            taken = file_data(c, data, count);
            break;
        case PADDING:
            taken = least(count, -was & 3);
            c->at += taken;
            if (!(c->at & 3)) {
                c->state = HEADER;
                c->at = 0;
            }
            break;
        case AT_END:
            return CPIO_DONE;
        default:
            return CPIO_BAD;
        }
        data += taken;
        count -= taken;
    }
    return CPIO_MORE;
}
ENTRY(cpio_feed, 0x4000273c);

/* A file that has not come whole ends here. */
int cpio_done(struct cpio *c) {
    if (c->state == DATA) {
        if (!c->held)
            return CPIO_DONE;
        c->told(c->at ? FILE_ENDS : WHOLE_FILE, &c->file, c->at, c->held, c->buffer, c->own);
    }
    return c->state == BROKEN ? CPIO_BAD : CPIO_DONE;
}
ENTRY(cpio_done, 0x40002748);

int cpio_destroy(struct cpio *c) {
    (void)c;
    return CPIO_DONE;
}
ENTRY(cpio_destroy, 0x40002754);
