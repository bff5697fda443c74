/* newlib-nano's formatted output and the files it goes to (esp32s3.rom.newlib-nano.ld, .newlib.ld and .newlib-time.ld;
 * structures of newlib 3: sys/reent.h with _REENT_SMALL, nano-vfprintf_local.h). ESP-IDF 4.4 links it with
 * CONFIG_NEWLIB_NANO_FORMAT. What belongs to the application comes through `syscall_table_ptr` (rom/libc_stubs.h). */
#include <stdarg.h>

#include "stdio.h"

typedef int put_text(struct reent *, struct file *, const char *, size_t);

static void ready(struct reent *r) {
    if (r && !r->initialised)
        TABLE->initialise(r);
}
static void lock(struct file *f) {
    if (!(f->more_flags & UNLOCKED) && !(f->flags & IS_TEXT))
        TABLE->acquire(f->lock);
}
static void unlock(struct file *f) {
    if (!(f->more_flags & UNLOCKED) && !(f->flags & IS_TEXT))
        TABLE->let_go(f->lock);
}

/* Files: to be written to, they need a buffer; a character device's is by lines. */

/* How large a buffer suits the file, and whether it is a terminal perhaps. */
static int __swhatbuf_r(struct reent *r, struct file *f, size_t *size, int *characters) {
    enum { BUFFER = 128, SMALL = 64, STAT_BYTES = 96, MODE = 1, KIND = 0xf000, CHARACTERS = 0x2000, REGULAR = 0x8000, BLOCK_SIZE = 11 };
    int stat[STAT_BYTES / 4];
    *characters = 0;
    if (f->number < 0 || TABLE->describe(r, f->number, stat) < 0) {
        *size = f->flags & ALLOCATED ? SMALL : BUFFER;
        return 0;
    }
    *characters = (stat[MODE] & KIND) == CHARACTERS;
    *size = BUFFER;
    if (stat[BLOCK_SIZE] > 0)
        *size = f->block_size = stat[BLOCK_SIZE];
    return (stat[MODE] & KIND) == REGULAR ? AT_BLOCKS : NOT_AT_BLOCKS;
}
ENTRY(__swhatbuf_r, 0x4000153c);

static void __smakebuf_r(struct reent *r, struct file *f) {
    if (!(f->flags & UNBUFFERED)) {
        size_t size;
        int characters;
        int kind = __swhatbuf_r(r, f, &size, &characters);
        void *base = TABLE->allocate(r, size);
        if (base) {
            r->cleanup = TABLE->cleanup;
            f->flags |= ALLOCATED | kind;
            f->at = f->base = base;
            f->size = size;
            if (characters && _isatty_r(r, f->number))
                f->flags = (f->flags & ~UNBUFFERED) | LINES;
            return;
        }
        if (f->flags & IS_TEXT)
            return;
        f->flags = (f->flags & ~LINES) | UNBUFFERED;
    }
    f->at = f->base = f->single;
    f->size = 1;
}
ENTRY(__smakebuf_r, 0x40001530);

static int swsetup(struct reent *r, struct file *f) {
    ready(TABLE->reent());
    if (!(f->flags & WRITES)) {
        if (!(f->flags & BOTH)) {
            r->error = EBADF;
            f->flags |= FAILED;
            return EOF;
        }
        if (f->flags & READS) {
            if (f->pushed_base) {
                if (f->pushed_base != f->pushed_room)
                    TABLE->release(r, f->pushed_base);
                f->pushed_base = 0;
            }
            f->flags &= ~(READS | AT_END);
            f->to_read = 0;
            f->at = f->base;
        }
        f->flags |= WRITES;
    }
    if (!f->base && (f->flags & (IS_TEXT | ALLOCATED)) != IS_TEXT)
        __smakebuf_r(r, f);
    f->to_write = f->flags & (LINES | UNBUFFERED) ? 0 : f->size;
    if (f->flags & LINES)
        f->line_size = -f->size;
    if (!f->base && (f->flags & ALLOCATED)) {
        f->flags |= FAILED;
        return EOF;
    }
    return 0;
}

int unwritable(struct reent *r, struct file *f) {
    return (!(f->flags & WRITES) || !f->base) && swsetup(r, f);
}

/* What a file that is written to holds goes out. */
static int flush(struct reent *r, struct file *f) {
    if (!(f->flags & WRITES) || !f->base)
        return 0;
    int left = f->at - f->base;
    const char *from = (const char *)f->base;
    f->at = f->base;
    f->to_write = f->flags & (LINES | UNBUFFERED) ? 0 : f->size;
    while (left > 0) {
        int done = f->write(r, f->cookie, from, left);
        if (done <= 0) {
            f->flags |= FAILED;
            return EOF;
        }
        from += done;
        left -= done;
    }
    return 0;
}

int _fflush_r(struct reent *r, struct file *f) {
    ready(r);
    if (!f->flags)
        return 0;
    lock(f);
    int result = flush(r, f);
    unlock(f);
    return result;
}
ENTRY(_fflush_r, 0x4000150c);

/* Every file that is open. */
static int _fwalk_reent(struct reent *r, int (*function)(struct reent *, struct file *)) {
    int result = 0;
    for (struct some_files *some = &r->files; some; some = some->next)
        for (int n = 0; n < some->count; n++) {
            struct file *f = some->first + n;
            if (f->flags != 0 && f->flags != 1 && f->number != -1)
                result |= function(r, f);
        }
    return result;
}
ENTRY(_fwalk_reent, 0x40001524);

static int _fwalk(struct reent *r, int (*function)(struct file *)) {
    int result = 0;
    for (struct some_files *some = &r->files; some; some = some->next)
        for (int n = 0; n < some->count; n++) {
            struct file *f = some->first + n;
            if (f->flags != 0 && f->flags != 1 && f->number != -1)
                result |= function(f);
        }
    return result;
}
ENTRY(_fwalk, 0x40001518);

static int fflush(struct file *f) {
    return f ? _fflush_r(TABLE->reent(), f) : _fwalk_reent(*GLOBAL_REENT, _fflush_r);
}
ENTRY(fflush, 0x40001500);

static int __swsetup_r(struct reent *r, struct file *f) { return swsetup(r, f); }
ENTRY(__swsetup_r, 0x40001560);

static int __swbuf_r(struct reent *r, int letter, struct file *f) {
    ready(r);
    f->to_write = f->line_size;
    if (unwritable(r, f))
        return EOF;
    letter = (uint8_t)letter;
    int held = f->at - f->base;
    if (held >= f->size) {
        if (_fflush_r(r, f))
            return EOF;
        held = 0;
    }
    f->to_write--;
    *f->at++ = letter;
    if ((held + 1 == f->size || ((f->flags & LINES) && letter == '\n')) && _fflush_r(r, f))
        return EOF;
    return letter;
}
ENTRY(__swbuf_r, 0x40001548);

static int __swbuf(int letter, struct file *f) { return __swbuf_r(TABLE->reent(), letter, f); }
ENTRY(__swbuf, 0x40001554);

static int put_to_file(struct reent *r, struct file *f, const char *text, size_t count) {
    while (count--) {
        char letter = *text++;
        if (--f->to_write >= 0 || (f->to_write >= f->line_size && letter != '\n'))
            *f->at++ = letter;
        else if (__swbuf_r(r, letter, f) == EOF)
            return EOF;
    }
    return 0;
}

/* Formats: struct _prt_data_t and its flags. */

enum { DIGITS = 40 };
struct conversion {
    int flags, precision, least_digits, width, size, printed;
    char code, blank, zero, room[DIGITS], prefix[3];
    double number __attribute__((aligned(8)));
    char exponent[8];
    int lead;
};
enum { ALTERNATE = 1, LEFT = 2, ZEROS = 4, PLUS = 8, SPACE = 0x10, HEX_PREFIX = 0x20, SHORT = 0x40, LONG = 0x80 };

static int pad(struct reent *r, struct file *f, put_text *put, int count, const char *letter) {
    while (count-- > 0)
        if (put(r, f, letter, 1) == EOF)
            return EOF;
    return 0;
}

static int _printf_common(struct reent *r, struct conversion *c, int *width, struct file *f, put_text *put) {
    *width = c->least_digits > c->size ? c->least_digits : c->size;
    if (c->prefix[0])
        ++*width;
    if (c->flags & HEX_PREFIX)
        *width += 2;
    if (!(c->flags & (LEFT | ZEROS)) && pad(r, f, put, c->width - *width, &c->blank))
        return EOF;
    int count = c->prefix[0] != 0;
    if (c->flags & HEX_PREFIX) {
        c->prefix[count] = '0';
        c->prefix[count + 1] = c->prefix[2];
        count += 2;
    }
    if (put(r, f, c->prefix, count) == EOF)
        return EOF;
    int zeros = (c->flags & (LEFT | ZEROS)) == ZEROS && c->width > *width ? c->width - *width : 0;
    if (c->least_digits > c->size)
        zeros += c->least_digits - c->size;
    return pad(r, f, put, zeros, &c->zero);
}
ENTRY(_printf_common, 0x40001590);

/* All conversions but those of floating point. */
static int _printf_i(struct reent *r, struct conversion *c, struct file *f, put_text *put, va_list *arguments) {
    const char *digits = "0123456789ABCDEF", *text = 0;
    uint32_t value, base = 10;
    switch (c->code) {
    case 'd':
    case 'i':
        value = va_arg(*arguments, int);
        if ((c->flags & (LONG | SHORT)) == SHORT)
            value = (int16_t)value;
        if ((int)value < 0) {
            value = -value;
            c->prefix[0] = '-';
        }
        goto number;
    case 'p':
        c->flags |= HEX_PREFIX;
        /* fall through */
    case 'x':
        digits = "0123456789abcdef";
        /* fall through */
    case 'X':
        c->prefix[2] = c->code == 'X' ? 'X' : 'x';
        base = 16;
        break;
    case 'o':
        base = 8;
        break;
    case 'u':
        break;
    case 'n':
        if ((c->flags & (LONG | SHORT)) == SHORT)
            *va_arg(*arguments, int16_t *) = c->printed;
        else
            *va_arg(*arguments, int *) = c->printed;
        /* fall through */
    case 0:
        c->size = 0;
        goto print;
    case 's':
        text = va_arg(*arguments, const char *);
        for (c->size = 0; c->size != c->precision && text[c->size];)
            c->size++;
        c->precision = c->size;
        goto plain;
    case 'c':
    default:
        text = c->room + DIGITS - 1;
        c->room[DIGITS - 1] = c->code == 'c' ? va_arg(*arguments, int) : c->code;
        c->size = 1;
    plain:
        c->prefix[0] = 0;
        goto print;
    }
    value = va_arg(*arguments, uint32_t);
    if ((c->flags & (LONG | SHORT)) == SHORT)
        value = (uint16_t)value;
    if (base == 16) {
        if (c->flags & ALTERNATE)
            c->flags |= HEX_PREFIX;
        if (!value)
            c->flags &= ~HEX_PREFIX;
    }
    c->prefix[0] = 0;
number:
    c->least_digits = c->precision;
    if (c->precision >= 0)
        c->flags &= ~ZEROS;
    char *first = c->room + DIGITS;
    if (value || c->precision)
        do
            *--first = digits[value % base];
        while (value /= base);
    if (base == 8 && (c->flags & ALTERNATE) && c->precision <= c->size)
        *--first = '0';
    c->size = c->room + DIGITS - first;
    text = first;
print:;
    int width;
    if (_printf_common(r, c, &width, f, put) == EOF || put(r, f, text, c->size) == EOF)
        return EOF;
    if ((c->flags & LEFT) && pad(r, f, put, c->width - width, &c->blank))
        return EOF;
    return c->width > width ? c->width : width;
}
ENTRY(_printf_i, 0x4000159c);

static int place_of(const char *set, char letter) {
    for (int n = 0; set[n]; n++)
        if (set[n] == letter)
            return n;
    return -1;
}

static int number_of(const char **format) {
    int value = 0;
    while ((uint8_t)(**format - '0') < 10)
        value = 10 * value + *(*format)++ - '0';
    return value;
}

static int convert(struct reent *r, struct file *f, const char *format, va_list arguments) {
    struct conversion c;
    va_list left;
    va_copy(left, arguments);
    c.printed = 0;
    c.blank = ' ';
    c.zero = '0';
    for (;;) {
        const char *from = format;
        while (*format && *format != '%')
            format++;
        if (format != from && put_to_file(r, f, from, format - from))
            break;
        c.printed += format - from;
        if (!*format++)
            break;
        c.flags = c.least_digits = c.lead = 0;
        c.prefix[0] = 0;
        c.precision = -1;
        int place;
        for (; (place = place_of("#-0+ ", *format)) >= 0; format++)
            c.flags |= 1 << place;
        if (c.flags & SPACE)
            c.prefix[0] = ' ';
        if (c.flags & PLUS)
            c.prefix[0] = '+';
        if (*format == '*') {
            format++;
            c.width = va_arg(left, int);
            if (c.width < 0) {
                c.width = -c.width;
                c.flags |= LEFT;
            }
        } else
            c.width = number_of(&format);
        if (*format == '.') {
            if (*++format == '*') {
                format++;
                c.precision = va_arg(left, int);
                if (c.precision < 0)
                    c.precision = -1;
            } else
                c.precision = number_of(&format);
        }
        if ((place = place_of("hlL", *format)) >= 0) {
            c.flags |= SHORT << place;
            format++;
        }
        c.code = *format++;
        int count = 0;
        if (place_of("efgEFG", c.code) < 0)
            count = _printf_i(r, &c, f, put_to_file, &left);
        else if (TABLE->put_float)
            count = TABLE->put_float(r, &c, f, put_to_file, &left);
        if (count == EOF)
            break;
        c.printed += count;
    }
    return f->flags & FAILED ? EOF : c.printed;
}

static int _vfprintf_r(struct reent *r, struct file *f, const char *format, va_list arguments) {
    ready(r);
    lock(f);
    int result = unwritable(r, f) ? EOF : convert(r, f, format, arguments);
    unlock(f);
    return result;
}
ENTRY(_vfprintf_r, 0x400015b4);
ALIAS(_vfiprintf_r, _vfprintf_r, 0x400015a8);

static int vfprintf(struct file *f, const char *format, va_list arguments) {
    return _vfprintf_r(TABLE->reent(), f, format, arguments);
}
ENTRY(vfprintf, 0x400015f0);
ALIAS(vfiprintf, vfprintf, 0x400015e4);

static int _fprintf_r(struct reent *r, struct file *f, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = _vfprintf_r(r, f, format, arguments);
    va_end(arguments);
    return result;
}
ENTRY(_fprintf_r, 0x40001584);
ALIAS(_fiprintf_r, _fprintf_r, 0x40001578);

static int fprintf(struct file *f, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = _vfprintf_r(TABLE->reent(), f, format, arguments);
    va_end(arguments);
    return result;
}
ENTRY(fprintf, 0x400015cc);
ALIAS(fiprintf, fprintf, 0x400015c0);

static int printf(const char *format, ...) {
    struct reent *r = TABLE->reent();
    va_list arguments;
    ready(r);
    va_start(arguments, format);
    int result = _vfprintf_r(r, r->out, format, arguments);
    va_end(arguments);
    return result;
}
ENTRY(printf, 0x400015d8);
