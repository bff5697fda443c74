/* Several texts written to a file at once (newlib 3, fvwrite.h). */
#include "stdio.h"

struct piece {
    const char *at;
    size_t left;
};
struct pieces {
    struct piece *next;
    int count;
    size_t left;
};

void *rom_memchr(const void *in, int byte, size_t count);
void *rom_memmove(void *to, const void *from, size_t count);

static void hold(struct file *f, const char *from, size_t count) {
    rom_memmove(f->at, from, count);
    f->at += count;
}

/* Room for `count` more and an end in memory that is not the caller's. */
static int grow(struct reent *r, struct file *f, size_t count) {
    enum { ENOMEM = 12 };
    uint32_t held = f->at - f->base;
    int size = (f->size * 3) / 2;
    if ((uint32_t)size < held + count + 1)
        size = held + count + 1;
    uint8_t *base;
    if (f->flags & AT_BLOCKS) { /* the caller's still: what is in it moves */
        base = TABLE->allocate(r, size);
        if (base) {
            rom_memcpy(base, f->base, held);
            f->flags = (f->flags & ~(AT_BLOCKS | ALLOCATED)) | ALLOCATED;
        }
    } else {
        base = TABLE->reallocate(r, f->base, size);
        if (!base) {
            TABLE->release(r, f->base);
            f->flags &= ~ALLOCATED;
        }
    }
    if (!base) {
        r->error = ENOMEM;
        return EOF;
    }
    f->base = base;
    f->at = base + held;
    f->size = size;
    f->to_write = size - held;
    return 0;
}

/* Each writes a part of a piece, and says how much; EOF where it failed. */

static int write_at_once(struct reent *r, struct file *f, const char *at, size_t left) {
    enum { MOST = 0x7fffff80 };
    int done = f->write(r, f->cookie, at, left < MOST ? left : MOST);
    return done > 0 ? done : EOF;
}

static int write_text(struct reent *r, struct file *f, const char *at, size_t left) {
    if (left >= (uint32_t)f->to_write && (f->flags & (AT_BLOCKS | ALLOCATED)) && grow(r, f, left))
        return EOF;
    size_t some = (uint32_t)f->to_write < left ? (uint32_t)f->to_write : left;
    hold(f, at, some);
    f->to_write -= some;
    return left; /* what does not fit is lost */
}

static int write_blocks(struct reent *r, struct file *f, const char *at, size_t left) {
    if (f->at <= f->base && left >= (uint32_t)f->size) {
        int done = f->write(r, f->cookie, at, (int)(left < 0x7fffffff ? left : 0x7fffffff) / f->size * f->size);
        return done > 0 ? done : EOF;
    }
    size_t some = (uint32_t)f->to_write < left ? (uint32_t)f->to_write : left;
    hold(f, at, some);
    f->to_write -= some;
    return !f->to_write && _fflush_r(r, f) ? EOF : (int)some;
}

static int write_line(struct reent *r, struct file *f, const char *at, size_t left, size_t line) {
    int some = line < left ? line : left, room = f->to_write + f->size, done;
    if (f->at > f->base && some > room) {
        hold(f, at, done = room);
        if (_fflush_r(r, f))
            return EOF;
    } else if (some >= f->size) {
        done = f->write(r, f->cookie, at, f->size);
        if (done <= 0)
            return EOF;
    } else {
        hold(f, at, done = some);
        f->to_write -= some;
    }
    return (size_t)done == line && _fflush_r(r, f) ? EOF : done;
}

static int write_pieces(struct reent *r, struct file *f, struct pieces *all) {
    const struct piece *next = all->next;
    const char *at = 0;
    size_t left = 0, line = 0;
    if (!all->left)
        return 0;
    if (unwritable(r, f))
        return EOF;
    const int flags = f->flags;
    while (all->left) {
        while (!left) {
            at = next->at;
            left = next++->left;
            line = 0;
        }
        int done;
        if (flags & UNBUFFERED) {
            done = write_at_once(r, f, at, left);
        } else if (flags & LINES) {
            if (!line) {
                const char *end = rom_memchr(at, '\n', left);
                line = end ? (size_t)(end + 1 - at) : left + 1;
            }
            done = write_line(r, f, at, left, line);
            line -= done;
        } else {
            done = f->flags & IS_TEXT ? write_text(r, f, at, left) : write_blocks(r, f, at, left);
        }
        if (done == EOF) {
            f->flags |= FAILED;
            return EOF;
        }
        at += done;
        left -= done;
        all->left -= done;
    }
    return 0;
}

static int __sprint_r(struct reent *r, struct file *f, struct pieces *all) {
    int result = write_pieces(r, f, all);
    all->left = all->count = 0;
    return result;
}
ENTRY(__sprint_r, 0x4000156c);
