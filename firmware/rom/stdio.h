/* Files of newlib (sys/reent.h with _REENT_SMALL), and what belongs to the application (ESP-IDF rom/libc_stubs.h). */
#ifndef STDIO_H
#define STDIO_H

#include "rom.h"

#define EOF (-1)

struct file;
struct reent {
    int error;
    struct file *in, *out, *err;
    int temporary_names;
    char *emergency;
    int initialised;
    int locale_info;
    void *locale, *mprec;
    void (*cleanup)(struct reent *);
    uint32_t others[43];
    struct some_files {
        struct some_files *next;
        int count;
        struct file *first;
    } files;
};
_Static_assert(offsetof(struct reent, files) == 216, "_REENT_SMALL");
#define GLOBAL_REENT ((struct reent **)0x3fceffd0u)

/* __sFILE and its flags. */
struct file {
    uint8_t *at;
    int to_read, to_write;
    int16_t flags, number;
    uint8_t *base;
    int size, line_size;
    struct reent *owner;
    void *cookie;
    int (*read)(struct reent *, void *, char *, int);
    int (*write)(struct reent *, void *, const char *, int);
    long (*seek)(struct reent *, void *, long, int);
    int (*close)(struct reent *, void *);
    uint8_t *pushed_base;
    int pushed_size;
    uint8_t *pushed_at;
    int pushed;
    uint8_t pushed_room[3], single[1];
    uint8_t *line_base;
    int line_room, block_size;
    long offset;
    void *lock;
    int state[2];
    int more_flags;
};
enum {
    LINES = 1,
    UNBUFFERED = 2,
    READS = 4,
    WRITES = 8,
    BOTH = 0x10,
    AT_END = 0x20,
    FAILED = 0x40,
    ALLOCATED = 0x80,
    IS_TEXT = 0x200,
    AT_BLOCKS = 0x400,
    NOT_AT_BLOCKS = 0x800,
};
_Static_assert(sizeof(struct file) == 104, "__sFILE");
enum { UNLOCKED = 1 };
enum { EBADF = 9 };

struct table {
    struct reent *(*reent)(void);
    void *(*allocate)(struct reent *, size_t);
    void (*release)(struct reent *, void *);
    void *(*reallocate)(struct reent *, void *, size_t);
    void *others[10];
    int (*describe)(struct reent *, int, void *);
    void *more[14];
    void (*acquire)(void *);
    void *rest[3];
    void (*let_go)(void *);
    int (*put_float)();
    void *last[2];
    void (*initialise)(struct reent *);
    void (*cleanup)(struct reent *);
};
_Static_assert(offsetof(struct table, acquire) == 4 * 29 && offsetof(struct table, cleanup) == 4 * 38, "libc_stubs.h");
#define TABLE (*(struct table **)0x3fceffd4u)

/* stdio.c */
int unwritable(struct reent *r, struct file *f); /* sets a file up to be written to */
int _fflush_r(struct reent *r, struct file *f);

#endif
