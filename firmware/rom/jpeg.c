/* The JPEG decoder: jd_prepare and jd_decomp (ESP-IDF rom/tjpgd.h; ITU-T T.81 for the format).
 *
 * Baseline images of three components, with the luminance sampled 1x1, 2x1 or 2x2, into RGB888. The structure, the
 * order and sizes of the reads, what is taken from the memory pool and the arithmetic are the ROM's. */
#include "rom.h"

enum result { OK, INTERRUPTED, INPUT, MEMORY_POOL, MEMORY_STREAM, PARAMETER, FORMAT_BROKEN, FORMAT_UNSUPPORTED, STANDARD };

struct rect {
    uint16_t left, right, top, bottom;
};

/* JDEC of rom/tjpgd.h. */
struct decoder {
    uint32_t left; /* bytes in the input buffer */
    uint8_t *next; /* the byte that is being read; `mask` says which bit of it came last */
    uint8_t *input;
    uint8_t mask, scale, across, down; /* blocks of an MCU */
    uint8_t table_of[3];
    int16_t dc[3];
    uint16_t restart;
    uint32_t width, height;
    uint8_t *bits[2][2]; /* [luminance or not][DC or AC]: how many codes of each length */
    uint16_t *codes[2][2];
    uint8_t *values[2][2];
    int32_t *quantum[4];
    void *work;
    uint8_t *mcu;
    uint8_t *pool;
    uint32_t pool_bytes;
    uint32_t (*in)(struct decoder *, uint8_t *, uint32_t);
    void *device;
};

#define BUFFER 512

/* T.81 figure 5. */
static const uint8_t zigzag[64] = {
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/* What the inverse transform of Arai, Agui and Nakajima (1988) leaves to the quantization: s(u) s(v) in 1/8192, with
 * s(0) = 1 and s(k) = sqrt(2) cos(k pi / 16), each product rounded up to five digits. */
static const uint16_t factors[64] = {
    8192, 11362, 10703, 9632, 8192, 6436, 4433, 2260,
    11362, 15760, 14846, 13361, 11362, 8927, 6149, 3134,
    10703, 14846, 13984, 12585, 10703, 8409, 5792, 2953,
    9632, 13361, 12585, 11326, 9632, 7568, 5213, 2657,
    8192, 11362, 10703, 9632, 8192, 6436, 4433, 2260,
    6436, 8927, 8409, 7568, 6436, 5057, 3483, 1775,
    4433, 6149, 5792, 5213, 4433, 3483, 2399, 1223,
    2260, 3134, 2953, 2657, 2260, 1775, 1223, 623,
};

static void *take(struct decoder *d, uint32_t bytes) {
    bytes = (bytes + 3) & ~3u;
    if (d->pool_bytes < bytes)
        return 0;
    uint8_t *block = d->pool;
    d->pool += bytes;
    d->pool_bytes -= bytes;
    return block;
}

static enum result quantization(struct decoder *d, const uint8_t *data, uint32_t bytes) {
    while (bytes) {
        if (bytes < 65)
            return FORMAT_BROKEN;
        bytes -= 65;
        uint8_t head = *data++;
        if (head & 0xf0)
            return FORMAT_BROKEN;
        int32_t *table = take(d, 64 * sizeof *table);
        if (!table)
            return MEMORY_POOL;
        d->quantum[head & 3] = table;
        for (uint32_t n = 0; n < 64; n++)
            table[zigzag[n]] = (int32_t)(uint32_t)(*data++ * factors[zigzag[n]]);
    }
    return OK;
}

static enum result huffman(struct decoder *d, const uint8_t *data, uint32_t bytes) {
    while (bytes) {
        if (bytes < 17)
            return FORMAT_BROKEN;
        bytes -= 17;
        uint8_t head = *data++;
        if (head & 0xee)
            return FORMAT_BROKEN;
        uint32_t ac = head >> 4, which = head & 1, total = 0;
        uint8_t *bits = take(d, 16);
        if (!bits)
            return MEMORY_POOL;
        d->bits[which][ac] = bits;
        for (uint32_t n = 0; n < 16; n++)
            total += bits[n] = *data++;
        uint16_t *codes = take(d, total * sizeof *codes);
        if (!codes)
            return MEMORY_POOL;
        d->codes[which][ac] = codes;
        uint32_t code = 0;
        for (uint32_t n = 0; n < 16; n++, code <<= 1)
            for (uint32_t k = 0; k < bits[n]; k++)
                *codes++ = code++;
        if (bytes < total)
            return FORMAT_BROKEN;
        bytes -= total;
        uint8_t *values = take(d, total);
        if (!values)
            return MEMORY_POOL;
        d->values[which][ac] = values;
        for (uint32_t n = 0; n < total; n++) {
            uint8_t value = *data++;
            if (!ac && value > 11)
                return FORMAT_BROKEN;
            *values++ = value;
        }
    }
    return OK;
}

/* Makes the next byte the current one. */
static enum result step(struct decoder *d) {
    if (d->left) {
        d->next++;
    } else {
        d->next = d->input;
        d->left = d->in(d, d->next, BUFFER);
        if (!d->left)
            return INPUT;
    }
    d->left--;
    return OK;
}

/* One bit, or an error below 0. A 0xFF of the data is followed by a 0. */
static int bit(struct decoder *d) {
    if (!d->mask) {
        enum result result = step(d);
        if (result)
            return -(int)result;
        if (*d->next == 0xff) {
            if ((result = step(d)))
                return -(int)result;
            if (*d->next)
                return -FORMAT_BROKEN;
            *d->next = 0xff;
        }
        d->mask = 0x80;
    }
    int value = (*d->next & d->mask) != 0;
    d->mask >>= 1;
    return value;
}

static int number(struct decoder *d, uint32_t bits) {
    int value = 0;
    while (bits--) {
        int one = bit(d);
        if (one < 0)
            return one;
        value = value << 1 | one;
    }
    return value;
}

static int symbol(struct decoder *d, uint32_t which, uint32_t ac) {
    const uint8_t *bits = d->bits[which][ac], *values = d->values[which][ac];
    const uint16_t *codes = d->codes[which][ac];
    uint32_t code = 0;
    for (uint32_t length = 0; length < 16; length++) {
        int one = bit(d);
        if (one < 0)
            return one;
        code = code << 1 | (uint32_t)one;
        for (uint32_t n = bits[length]; n; n--, values++)
            if (code == *codes++)
                return *values;
    }
    return -FORMAT_BROKEN;
}

/* One dimension of the inverse transform, on eight values `apart` from one another. */
#define MUL(x, y) ((x) * (int32_t)((y) * 4096) >> 12)
static inline void transform(const int32_t *in, uint32_t apart, int32_t bias, int32_t out[8]) {
    int32_t e0 = in[0] + bias, e1 = in[2 * apart], e2 = in[4 * apart], e3 = in[6 * apart];
    int32_t sum = e0 + e2, difference = e0 - e2, odd = MUL(e1 - e3, 1.41421);
    e3 += e1;
    odd -= e3;
    e0 = sum + e3;
    e3 = sum - e3;
    e1 = odd + difference;
    e2 = difference - odd;
    int32_t o4 = in[7 * apart], o5 = in[apart], o6 = in[5 * apart], o7 = in[3 * apart];
    int32_t a = o5 - o4, b = o5 + o4, c = o6 - o7;
    o7 += o6;
    o5 = MUL(b - o7, 1.41421);
    o7 += b;
    int32_t both = MUL(a + c, 1.84776);
    o4 = both - MUL(a, 1.08239);
    o6 = both - MUL(c, 2.61313) - o7;
    o5 -= o6;
    o4 -= o5;
    out[0] = e0 + o7, out[7] = e0 - o7;
    out[1] = e1 + o6, out[6] = e1 - o6;
    out[2] = e2 + o5, out[5] = e2 - o5;
    out[3] = e3 + o4, out[4] = e3 - o4;
}

/* By a table of 1024 in the ROM: what lies further out, as in damaged images, comes round again. */
static uint8_t clip(int32_t value) {
    value &= 0x3ff;
    return value < 256 ? value : value < 512 ? 255 : 0;
}

static void inverse(int32_t *block, uint8_t *pixels) {
    int32_t out[8];
    for (uint32_t x = 0; x < 8; x++) {
        transform(block + x, 8, 0, out);
        for (uint32_t y = 0; y < 8; y++)
            block[x + 8 * y] = out[y];
    }
    for (uint32_t y = 0; y < 8; y++) {
        transform(block + 8 * y, 1, 128 << 8, out);
        for (uint32_t x = 0; x < 8; x++)
            *pixels++ = clip(out[x] >> 8);
    }
}

/* T.81 F.2.2.1: a difference of `bits` bits. */
static int extend(struct decoder *d, uint32_t bits, int *value) {
    int read = number(d, bits);
    if (read < 0)
        return read;
    *value = read & 1 << (bits - 1) ? read : read - (1 << bits) + 1;
    return 0;
}

static enum result load(struct decoder *d) {
    int32_t *block = d->work;
    uint32_t luminance = (uint32_t)d->across * d->down;
    uint8_t *pixels = d->mcu;
    for (uint32_t n = 0; n < luminance + 2; n++, pixels += 64) {
        uint32_t component = n < luminance ? 0 : n - luminance + 1, which = component != 0;
        const int32_t *quantum = d->quantum[d->table_of[component]];
        int read = symbol(d, which, 0), value;
        if (read < 0)
            return -read;
        if (read) {
            int error = extend(d, read, &value);
            if (error)
                return -error;
            d->dc[component] += value;
        }
        block[0] = d->dc[component] * quantum[0] >> 8;
        rom_memset(block + 1, 0, 63 * sizeof *block);
        for (uint32_t k = 1; k < 64; k++) {
            if (!(read = symbol(d, which, 1)))
                break;
            if (read < 0)
                return -read;
            k += read >> 4;
            if (k >= 64)
                return FORMAT_BROKEN;
            if (read & 15) {
                int error = extend(d, read & 15, &value);
                if (error)
                    return -error;
                block[zigzag[k]] = value * quantum[zigzag[k]] >> 8;
            }
        }
        if (d->scale == 3)
            *pixels = block[0] / 256 + 128;
        else
            inverse(block, pixels);
    }
    return OK;
}

/* T.871 in integers. */
#define PART 1024
static uint8_t *pixel(uint8_t *to, int luminance, int cb, int cr) {
    *to++ = clip(luminance + (int)(1.402 * PART) * cr / PART);
    *to++ = clip(luminance - ((int)(0.344 * PART) * cb + (int)(0.714 * PART) * cr) / PART);
    *to++ = clip(luminance + (int)(1.772 * PART) * cb / PART);
    return to;
}

static enum result put(struct decoder *d, uint32_t (*out)(struct decoder *, void *, struct rect *), uint32_t x, uint32_t y) {
    uint32_t width = 8u * d->across, height = 8u * d->down;
    uint32_t seen_x = x + width <= d->width ? width : d->width - x;
    uint32_t seen_y = y + height <= d->height ? height : d->height - y;
    uint32_t scale = d->scale;
    seen_x >>= scale;
    seen_y >>= scale;
    if (!seen_x || !seen_y)
        return OK;
    x >>= scale;
    y >>= scale;
    struct rect rect = {x, x + seen_x - 1, y, y + seen_y - 1};
    const uint8_t *chroma = d->mcu + width * height;
    uint8_t *rgb = d->work, *to = rgb;
    if (scale < 3) {
        for (uint32_t row = 0; row < height; row++)
            for (uint32_t column = 0; column < width; column++) {
                const uint8_t *block = d->mcu + 64 * (row / 8 * d->across + column / 8);
                const uint8_t *colour = chroma + (row >> (d->down - 1)) * 8 + (column >> (d->across - 1));
                to = pixel(to, block[row % 8 * 8 + column % 8], colour[0] - 128, colour[64] - 128);
            }
        if (scale) {
            /* Averages of squares, in place. */
            uint32_t side = 1u << scale;
            to = rgb;
            for (uint32_t row = 0; row < height; row += side)
                for (uint32_t column = 0; column < width; column += side) {
                    uint32_t sums[3] = {0, 0, 0};
                    for (uint32_t n = 0; n < side * side; n++) {
                        const uint8_t *from = rgb + 3 * ((row + n / side) * width + column + n % side);
                        for (uint32_t part = 0; part < 3; part++)
                            sums[part] += from[part];
                    }
                    for (uint32_t part = 0; part < 3; part++)
                        *to++ = sums[part] >> 2 * scale;
                }
        }
    } else {
        for (uint32_t n = 0; n < (uint32_t)d->across * d->down; n++)
            to = pixel(to, d->mcu[64 * n], chroma[0] - 128, chroma[64] - 128);
    }
    /* What lies beyond the right edge is left out. */
    width >>= scale;
    if (seen_x < width)
        for (uint32_t row = 1; row < seen_y; row++)
            for (uint32_t n = 0; n < 3 * seen_x; n++)
                rgb[3 * seen_x * row + n] = rgb[3 * width * row + n];
    return out(d, rgb, &rect) ? OK : INTERRUPTED;
}

/* T.81 F.2.1.3: the rest of the byte, then a marker RSTn. */
static enum result restart(struct decoder *d, uint32_t count) {
    uint32_t marker = 0;
    for (uint32_t n = 0; n < 2; n++) {
        enum result result = step(d);
        if (result)
            return result;
        marker = marker << 8 | *d->next;
    }
    d->mask = 0;
    if ((marker & 0xffd8) != 0xffd0 || (marker & 7) != (count & 7))
        return FORMAT_BROKEN;
    d->dc[0] = d->dc[1] = d->dc[2] = 0;
    return OK;
}

static enum result jd_decomp(struct decoder *d, uint32_t (*out)(struct decoder *, void *, struct rect *), uint32_t scale) {
    if ((scale & 0xff) > 3)
        return PARAMETER;
    d->scale = scale;
    d->dc[0] = d->dc[1] = d->dc[2] = 0;
    uint32_t since = 0, restarts = 0;
    for (uint32_t y = 0; y < d->height; y += 8u * d->down)
        for (uint32_t x = 0; x < d->width; x += 8u * d->across) {
            enum result result;
            if (d->restart && since++ == d->restart) {
                if ((result = restart(d, restarts++)))
                    return result;
                since = 1;
            }
            if ((result = load(d)) || (result = put(d, out, x, y)))
                return result;
        }
    return OK;
}
ENTRY(jd_decomp, 0x40000864);

static uint32_t half(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }

static enum result frame(struct decoder *d, const uint8_t *segment) {
    d->width = half(segment + 3);
    d->height = half(segment + 1);
    if (segment[5] != 3)
        return STANDARD;
    for (uint32_t n = 0; n < 3; n++) {
        uint8_t sampling = segment[7 + 3 * n];
        if (!n) {
            if (sampling != 0x11 && sampling != 0x22 && sampling != 0x21)
                return STANDARD;
            d->across = sampling >> 4;
            d->down = sampling & 15;
        } else if (sampling != 0x11) {
            return STANDARD;
        }
        d->table_of[n] = segment[8 + 3 * n];
        if (d->table_of[n] > 3)
            return STANDARD;
    }
    return OK;
}

static enum result scan(struct decoder *d, const uint8_t *segment) {
    if (!d->width || !d->height)
        return FORMAT_BROKEN;
    if (segment[0] != 3)
        return STANDARD;
    for (uint32_t n = 0; n < 3; n++) {
        uint8_t tables = segment[2 + 2 * n];
        if (tables != 0x00 && tables != 0x11)
            return STANDARD;
        uint32_t which = n != 0;
        if (!d->bits[which][0] || !d->bits[which][1] || !d->quantum[d->table_of[n]])
            return FORMAT_BROKEN;
    }
    uint32_t blocks = (uint32_t)d->across * d->down;
    if (!blocks)
        return FORMAT_BROKEN;
    uint32_t work = blocks * 128 + 64;
    /* RGB888 of an MCU of four blocks is longer, and goes on over the luminance that it is made from. */
    if (!(d->work = take(d, work < 256 ? 256 : work)) || !(d->mcu = take(d, (blocks + 2) * 64)))
        return MEMORY_POOL;
    return OK;
}

static enum result jd_prepare(struct decoder *d, uint32_t (*in)(struct decoder *, uint8_t *, uint32_t), uint8_t *pool,
                              uint32_t bytes, void *device) {
    if (!pool)
        return PARAMETER;
    d->pool = pool;
    d->pool_bytes = bytes;
    d->in = in;
    d->device = device;
    d->restart = 0;
    for (uint32_t n = 0; n < 4; n++) {
        d->bits[n / 2][n % 2] = 0;
        d->codes[n / 2][n % 2] = 0;
        d->values[n / 2][n % 2] = 0;
        d->quantum[n] = 0;
    }
    uint8_t *segment = d->input = take(d, BUFFER);
    if (!segment)
        return MEMORY_POOL;
    if (in(d, segment, 2) != 2)
        return INPUT;
    if (half(segment) != 0xffd8)
        return FORMAT_BROKEN;
    uint32_t offset = 2;
    for (;;) {
        if (in(d, segment, 4) != 4)
            return INPUT;
        uint32_t marker = half(segment), length = half(segment + 2);
        if (length <= 2 || marker >> 8 != 0xff)
            return FORMAT_BROKEN;
        length -= 2;
        offset += 4 + length;
        uint32_t kind = marker & 0xff;
        if (kind == 0xc0 || kind == 0xdd || kind == 0xc4 || kind == 0xdb || kind == 0xda) {
            if (length > BUFFER)
                return MEMORY_STREAM;
            if (in(d, segment, length) != length)
                return INPUT;
        }
        enum result result = OK;
        if (kind == 0xc0) {
            result = frame(d, segment);
        } else if (kind == 0xdd) {
            d->restart = half(segment);
        } else if (kind == 0xc4) {
            result = huffman(d, segment, length);
        } else if (kind == 0xdb) {
            result = quantization(d, segment, length);
        } else if (kind == 0xda) {
            if ((result = scan(d, segment)))
                return result;
            d->next = segment;
            d->left = 0;
            d->mask = 0;
            d->dc[0] = d->dc[1] = d->dc[2] = 0;
            /* Reads end at multiples of the buffer. */
            if (offset %= BUFFER) {
                d->left = in(d, segment + offset, BUFFER - offset);
                d->next = segment + offset - 1;
            }
            return OK;
        } else if ((kind > 0xc0 && kind < 0xd0 && kind != 0xc8 && kind != 0xcc) || kind == 0xd9) {
            result = STANDARD;
        } else if (in(d, 0, length) != length) {
            result = INPUT;
        }
        if (result)
            return result;
    }
}
ENTRY(jd_prepare, 0x40000858);
