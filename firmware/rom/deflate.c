/* The compressor: tdefl_* (ESP-IDF rom/miniz.h; RFC 1950 and 1951 for the format).
 *
 * Which of all possible streams comes out is the ROM's: how the hash chains grow and how far they are searched, when a
 * match waits for a better one, when a block ends and how its codes are limited. */
#include "rom.h"

enum { WINDOW = 32768, SHORTEST = 3, LONGEST = 258, CODES = 24 * 1024, OUTPUT = CODES * 13 / 10, HASHES = 4096, SYMBOLS = 288 };
enum { HASH_SHIFT = 4, END_OF_BLOCK = 256 };
enum table { LITERALS, DISTANCES, LENGTHS };

/* Flags; the low twelve bits say how many probes a search may take. */
enum {
    PROBES = 0xfff,
    ZLIB_HEADER = 0x1000,
    ADLER32 = 0x2000,
    GREEDY = 0x4000,
    NONDETERMINISTIC = 0x8000,
    RUNS_ONLY = 0x10000,
    FILTER = 0x20000,
    ALL_STATIC = 0x40000,
    ALL_RAW = 0x80000,
};
enum status { BAD_PARAMETER = -2, PUT_FAILED = -1, OKAY = 0, DONE = 1 };
enum flush { NO_FLUSH = 0, SYNC_FLUSH = 2, FULL_FLUSH = 3, FINISH = 4 };

/* tdefl_compressor of rom/miniz.h, for TDEFL_LESS_MEMORY. */
struct compressor {
    int (*put)(const void *, int, void *);
    void *user;
    uint32_t flags, probes[2];
    int greedy;
    uint32_t adler32, ahead_at, ahead, known; /* bytes that are looked ahead, bytes of the window before them */
    uint8_t *code, *marks;                    /* of the block: where the next code goes, and eight codes' marks */
    uint8_t *out, *out_end;
    uint32_t marks_left, block_bytes, block_at, bit_count, bits;
    uint32_t waiting_distance, waiting_length, waiting_literal;
    uint32_t held_at, held, finished, blocks, finishing;
    enum status status;
    const uint8_t *in;
    uint8_t *to;
    size_t *in_size, *to_size;
    enum flush flush;
    const uint8_t *source;
    size_t source_left, to_at;
    uint8_t window[WINDOW + LONGEST - 1]; /* what a match may reach past the end is there twice */
    uint16_t counts[3][SYMBOLS], words[3][SYMBOLS];
    uint8_t sizes[3][SYMBOLS];
    uint8_t codes[CODES];
    uint16_t next[WINDOW], hash[HASHES];
    uint8_t output[OUTPUT];
};

static inline uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t top_bit(uint32_t value) { return 31 - __builtin_clz(value); }
static inline uint32_t window_at(uint32_t at) { return at & (WINDOW - 1); }

/* RFC 1951 section 3.2.5: how many extra bits follow, and the symbol before them. */
static uint32_t length_bits(uint32_t over) { return over < 8 || over == 255 ? 0 : top_bit(over) - 2; }
static uint32_t length_symbol(uint32_t over) {
    uint32_t bits = length_bits(over);
    return over == 255 ? 285 : 257 + 4 * bits + (over >> bits);
}
static uint32_t distance_bits(uint32_t over) { return over < 4 ? 0 : top_bit(over) - 1; }
static uint32_t distance_symbol(uint32_t over) {
    uint32_t bits = distance_bits(over);
    return 2 * bits + (over >> bits);
}

static void put_bits(struct compressor *c, uint32_t value, uint32_t count) {
    c->bits |= value << c->bit_count;
    c->bit_count += count;
    while (c->bit_count >= 8) {
        if (c->out < c->out_end)
            *c->out++ = c->bits;
        c->bits >>= 8;
        c->bit_count -= 8;
    }
}
static void put_symbol(struct compressor *c, enum table table, uint32_t symbol) {
    put_bits(c, c->words[table][symbol], c->sizes[table][symbol]);
}
static void fill_byte(struct compressor *c) {
    if (c->bit_count)
        put_bits(c, 0, 8 - c->bit_count);
}

struct leaf {
    uint16_t key, symbol;
};

/* Lengths of the codes of a least redundant tree from counts in rising order, in place: A. Moffat and J. Katajainen,
 * "In-Place Calculation of Minimum-Redundancy Codes" (1995). */
static void code_lengths(struct leaf *a, int count) {
    if (count == 1)
        a[0].key = 1;
    if (count < 2)
        return;
    a[0].key += a[1].key;
    int root = 0, leaf = 2;
    for (int next = 1; next < count - 1; next++) {
        uint32_t sum = 0;
        for (int child = 0; child < 2; child++)
            if (leaf >= count || (root < next && a[root].key < a[leaf].key)) {
                sum += a[root].key;
                a[root++].key = next;
            } else
                sum += a[leaf++].key;
        a[next].key = sum;
    }
    a[count - 2].key = 0;
    for (int next = count - 3; next >= 0; next--)
        a[next].key = a[a[next].key].key + 1;
    int open = 1, depth = 0, next = count - 1;
    for (root = count - 2; open > 0; depth++) {
        int inner = 0;
        for (; root >= 0 && a[root].key == depth; root--)
            inner++;
        for (; open > inner; open--)
            a[next--].key = depth;
        open = 2 * inner;
    }
}

/* Longer codes become as long as allowed; others grow until the code is complete again. */
static void limit_lengths(int *of_length, int limit) {
    for (int length = limit + 1; length <= 32; length++)
        of_length[limit] += of_length[length];
    uint32_t total = 0;
    for (int length = limit; length > 0; length--)
        total += (uint32_t)of_length[length] << (limit - length);
    for (; total != 1u << limit; total--) {
        of_length[limit]--;
        int length = limit - 1;
        while (length > 0 && !of_length[length])
            length--;
        if (length > 0) {
            of_length[length]--;
            of_length[length + 1] += 2;
        }
    }
}

static void make_code(struct compressor *c, enum table table, int symbols, int limit, int given) {
    int of_length[33];
    uint32_t next_word[33];
    rom_memset(of_length, 0, sizeof of_length);
    uint8_t *sizes = c->sizes[table];
    if (given)
        for (int symbol = 0; symbol < symbols; symbol++)
            of_length[sizes[symbol]]++;
    else {
        struct leaf leaves[SYMBOLS];
        int used = 0;
        for (int symbol = 0; symbol < symbols; symbol++) {
            uint16_t key = c->counts[table][symbol];
            if (!key)
                continue;
            int at = used++;
            for (; at > 0 && leaves[at - 1].key > key; at--)
                leaves[at] = leaves[at - 1];
            leaves[at].key = key;
            leaves[at].symbol = symbol;
        }
        code_lengths(leaves, used);
        for (int at = 0; at < used; at++)
            of_length[leaves[at].key]++;
        if (used > 1)
            limit_lengths(of_length, limit);
        rom_memset(sizes, 0, SYMBOLS);
        rom_memset(c->words[table], 0, sizeof c->words[table]);
        for (int length = 1; length <= limit; length++)
            for (int n = of_length[length]; n > 0; n--)
                sizes[leaves[--used].symbol] = length;
    }
    uint32_t word = 0;
    next_word[1] = 0;
    for (int length = 2; length <= limit; length++)
        next_word[length] = word = (word + of_length[length - 1]) << 1;
    for (int symbol = 0; symbol < symbols; symbol++) {
        if (!sizes[symbol])
            continue;
        uint32_t forward = next_word[sizes[symbol]]++, reversed = 0;
        for (int bit = 0; bit < sizes[symbol]; bit++, forward >>= 1)
            reversed = reversed << 1 | (forward & 1);
        c->words[table][symbol] = reversed;
    }
}

/* The lengths of a block's codes, in runs (RFC 1951 section 3.2.7). */
struct runs {
    struct compressor *c;
    uint8_t packed[SYMBOLS + 32];
    int count, zeros, repeats;
    uint8_t last;
};
static void pack(struct runs *r, uint32_t symbol) {
    r->c->counts[LENGTHS][symbol]++;
    r->packed[r->count++] = symbol;
}
static void end_repeats(struct runs *r) {
    if (r->repeats >= 3) {
        pack(r, 16);
        r->packed[r->count++] = r->repeats - 3;
    } else
        while (r->repeats-- > 0)
            pack(r, r->last);
    r->repeats = 0;
}
static void end_zeros(struct runs *r) {
    if (r->zeros >= 3) {
        int many = r->zeros > 10;
        pack(r, many ? 18 : 17);
        r->packed[r->count++] = r->zeros - (many ? 11 : 3);
    } else
        while (r->zeros-- > 0)
            pack(r, 0);
    r->zeros = 0;
}

/* The order of the lengths' own lengths. */
static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

static void dynamic_codes(struct compressor *c) {
    c->counts[LITERALS][END_OF_BLOCK] = 1;
    make_code(c, LITERALS, SYMBOLS, 15, 0);
    make_code(c, DISTANCES, 32, 15, 0);
    int literals = 286, distances = 30;
    while (literals > 257 && !c->sizes[LITERALS][literals - 1])
        literals--;
    while (distances > 1 && !c->sizes[DISTANCES][distances - 1])
        distances--;

    struct runs r;
    r.c = c;
    r.count = r.zeros = r.repeats = 0;
    r.last = 0xff;
    rom_memset(c->counts[LENGTHS], 0, 19 * 2);
    for (int n = 0; n < literals + distances; n++) {
        uint8_t size = n < literals ? c->sizes[LITERALS][n] : c->sizes[DISTANCES][n - literals];
        if (!size) {
            end_repeats(&r);
            if (++r.zeros == 138)
                end_zeros(&r);
        } else {
            end_zeros(&r);
            if (size != r.last) {
                end_repeats(&r);
                pack(&r, size);
            } else if (++r.repeats == 6)
                end_repeats(&r);
        }
        r.last = size;
    }
    if (r.repeats)
        end_repeats(&r);
    else
        end_zeros(&r);

    make_code(c, LENGTHS, 19, 7, 0);
    int lengths = 19;
    while (lengths > 4 && !c->sizes[LENGTHS][order[lengths - 1]])
        lengths--;
    put_bits(c, 2, 2);
    put_bits(c, literals - 257, 5);
    put_bits(c, distances - 1, 5);
    put_bits(c, lengths - 4, 4);
    for (int n = 0; n < lengths; n++)
        put_bits(c, c->sizes[LENGTHS][order[n]], 3);
    for (int n = 0; n < r.count;) {
        uint32_t symbol = r.packed[n++];
        put_symbol(c, LENGTHS, symbol);
        if (symbol >= 16)
            put_bits(c, r.packed[n++], symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
    }
}

static void static_codes(struct compressor *c) {
    for (int n = 0; n < SYMBOLS; n++)
        c->sizes[LITERALS][n] = n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8;
    rom_memset(c->sizes[DISTANCES], 5, 32);
    make_code(c, LITERALS, SYMBOLS, 15, 1);
    make_code(c, DISTANCES, 32, 15, 1);
    put_bits(c, 1, 2);
}

/* Whether the block fits into the output. */
static int put_block(struct compressor *c, int is_static) {
    if (is_static)
        static_codes(c);
    else
        dynamic_codes(c);
    uint32_t marks = 1;
    for (const uint8_t *code = c->codes; code < c->code; marks >>= 1) {
        if (marks == 1)
            marks = *code++ | 0x100;
        if (!(marks & 1)) {
            put_symbol(c, LITERALS, *code++);
            continue;
        }
        uint32_t length = code[0], distance = code[1] | code[2] << 8, bits = length_bits(length);
        code += 3;
        put_symbol(c, LITERALS, length_symbol(length));
        put_bits(c, length & ((1u << bits) - 1), bits);
        bits = distance_bits(distance);
        put_symbol(c, DISTANCES, distance_symbol(distance));
        put_bits(c, distance & ((1u << bits) - 1), bits);
    }
    put_symbol(c, LITERALS, END_OF_BLOCK);
    return c->out < c->out_end;
}

static void begin_block(struct compressor *c) {
    rom_memset(c->counts[LITERALS], 0, SYMBOLS * 2);
    rom_memset(c->counts[DISTANCES], 0, 32 * 2);
    c->code = c->codes + 1;
    c->marks = c->codes;
    c->marks_left = 8;
    c->block_bytes = 0;
}

/* Ends the block: how many bytes of it found no room, or a status below 0. */
static int end_block(struct compressor *c, enum flush flush) {
    int direct = !c->put && *c->to_size - c->to_at >= OUTPUT;
    uint8_t *start = direct ? c->to + c->to_at : c->output;
    c->out = start;
    c->out_end = start + OUTPUT - 16;
    c->held_at = c->held = 0;
    *c->marks >>= c->marks_left;
    c->code -= c->marks_left == 8;
    if ((c->flags & ZLIB_HEADER) && !c->blocks) {
        put_bits(c, 0x78, 8);
        put_bits(c, 0x01, 8);
    }
    put_bits(c, flush == FINISH, 1);

    uint8_t *before = c->out;
    uint32_t bits = c->bits, bit_count = c->bit_count;
    int in_window = c->ahead_at - c->block_at <= c->known, raw = (c->flags & ALL_RAW) && in_window, fits = 0;
    if (!raw)
        fits = put_block(c, (c->flags & ALL_STATIC) || c->block_bytes < 48);
    int grown = c->block_bytes && (uint32_t)(c->out - before) + 1 >= c->block_bytes;
    if (raw || (grown && in_window) || !fits) {
        c->out = before;
        c->bits = bits;
        c->bit_count = bit_count;
        if (raw || (grown && in_window)) {
            put_bits(c, 0, 2);
            fill_byte(c);
            put_bits(c, c->block_bytes & 0xffff, 16);
            put_bits(c, ~c->block_bytes & 0xffff, 16);
            for (uint32_t n = 0; n < c->block_bytes; n++)
                put_bits(c, c->window[window_at(c->block_at + n)], 8);
        } else
            put_block(c, 1);
    }
    if (flush == FINISH) {
        fill_byte(c);
        if (c->flags & ZLIB_HEADER)
            for (int shift = 24; shift >= 0; shift -= 8)
                put_bits(c, c->adler32 >> shift & 0xff, 8);
    } else if (flush) {
        put_bits(c, 0, 3);
        fill_byte(c);
        put_bits(c, 0, 16);
        put_bits(c, 0xffff, 16);
    }
    c->block_at += c->block_bytes;
    begin_block(c);
    c->blocks++;

    uint32_t made = c->out - start;
    if (!made)
        return c->held;
    if (c->put) {
        *c->in_size = c->source - c->in;
        if (!c->put(c->output, made, c->user))
            return c->status = PUT_FAILED;
    } else if (direct)
        c->to_at += made;
    else {
        uint32_t now = least(made, *c->to_size - c->to_at);
        rom_memcpy(c->to + c->to_at, c->output, now);
        c->to_at += now;
        c->held_at = made > now ? now : 0;
        c->held = made - now;
    }
    return c->held;
}

static void marked(struct compressor *c, uint32_t mark) {
    *c->marks = *c->marks >> 1 | mark;
    if (--c->marks_left == 0) {
        c->marks_left = 8;
        c->marks = c->code++;
    }
}
static void add_literal(struct compressor *c, uint8_t literal) {
    c->block_bytes++;
    *c->code++ = literal;
    marked(c, 0);
    c->counts[LITERALS][literal]++;
}
static void add_match(struct compressor *c, uint32_t length, uint32_t distance) {
    c->block_bytes += length;
    c->code[0] = length - SHORTEST;
    c->code[1] = distance - 1;
    c->code[2] = (distance - 1) >> 8;
    c->code += 3;
    marked(c, 0x80);
    c->counts[DISTANCES][distance_symbol(distance - 1)]++;
    c->counts[LITERALS][length_symbol(length - SHORTEST)]++;
}

/* A match that is longer than `length`. Three steps along the chain are one probe. */
static void find_match(const struct compressor *c, uint32_t *distance, uint32_t *length) {
    const uint8_t *here = c->window + window_at(c->ahead_at);
    uint32_t at = window_at(c->ahead_at), best = *length, left = 3 * (c->probes[best >= 32] - 1);
    while (best < c->ahead && left--) {
        uint32_t next = c->next[at], back = (uint16_t)(c->ahead_at - next);
        if (!next || back > c->known)
            return;
        at = window_at(next);
        const uint8_t *there = c->window + at;
        if (there[best] != here[best] || there[best - 1] != here[best - 1])
            continue;
        if (!back)
            return;
        /* What is left of a probe after a candidate is lost. */
        left -= left % 3;
        uint32_t same = 0;
        while (same < c->ahead && here[same] == there[same])
            same++;
        if (same > best) {
            *distance = back;
            *length = best = same;
        }
    }
}

static void into_window(struct compressor *c) {
    while (c->source_left && c->ahead < LONGEST) {
        uint32_t end = c->ahead_at + c->ahead, at = window_at(end);
        c->window[at] = *c->source++;
        c->source_left--;
        if (at < LONGEST - 1)
            c->window[WINDOW + at] = c->window[at];
        if (++c->ahead + c->known < SHORTEST)
            continue;
        uint32_t first = window_at(end - 2), second = window_at(end - 1);
        uint32_t hash = c->window[first] << 2 * HASH_SHIFT ^ c->window[second] << HASH_SHIFT ^ c->window[at];
        hash &= HASHES - 1;
        c->next[first] = c->hash[hash];
        c->hash[hash] = end - 2;
    }
    c->known = least(WINDOW - c->ahead, c->known);
}

/* One literal or match at most: how far it goes. */
static uint32_t step(struct compressor *c) {
    uint32_t at = window_at(c->ahead_at), distance = 0, waiting = c->waiting_length;
    uint32_t length = waiting ? waiting : SHORTEST - 1;
    if (c->flags & (RUNS_ONLY | ALL_RAW)) {
        if (c->known && !(c->flags & ALL_RAW)) {
            uint8_t last = c->window[window_at(at - 1)];
            for (length = 0; length < c->ahead && c->window[at + length] == last;)
                length++;
            if (length < SHORTEST)
                length = 0;
            else
                distance = 1;
        }
    } else
        find_match(c, &distance, &length);
    if ((length == SHORTEST && distance >= 8 * 1024) || at == distance || ((c->flags & FILTER) && length <= 5))
        distance = length = 0;

    uint8_t literal = c->window[at];
    if (waiting && length <= waiting) {
        add_match(c, waiting, c->waiting_distance);
        c->waiting_length = 0;
        return waiting - 1;
    }
    if (waiting)
        add_literal(c, c->waiting_literal);
    else if (!distance) {
        add_literal(c, literal);
        return 1;
    }
    if (length >= 128 || (!waiting && (c->greedy || (c->flags & RUNS_ONLY)))) {
        add_match(c, length, distance);
        c->waiting_length = 0;
        return length;
    }
    c->waiting_literal = literal;
    c->waiting_distance = distance;
    c->waiting_length = length;
    return 1;
}

/* Whether the compressor goes on. */
static int compress(struct compressor *c) {
    while (c->source_left || (c->flush && c->ahead)) {
        into_window(c);
        if (!c->flush && c->ahead < LONGEST)
            break;
        uint32_t moved = step(c);
        c->ahead_at += moved;
        c->ahead -= moved;
        c->known = least(c->known + moved, WINDOW);
        uint32_t used = c->code - c->codes;
        int poor = (used * 115 >> 7) >= c->block_bytes || (c->flags & ALL_RAW);
        if (used > CODES - 8 || (c->block_bytes > 31 * 1024 && poor)) {
            int held = end_block(c, NO_FLUSH);
            if (held)
                return held > 0;
        }
    }
    return 1;
}

static enum status hand_out(struct compressor *c) {
    if (c->in_size)
        *c->in_size = c->source - c->in;
    if (c->to_size) {
        uint32_t now = least(*c->to_size - c->to_at, c->held);
        rom_memcpy(c->to + c->to_at, c->output + c->held_at, now);
        c->held_at += now;
        c->held -= now;
        c->to_at += now;
        *c->to_size = c->to_at;
    }
    return c->finished && !c->held ? DONE : OKAY;
}

static enum status tdefl_compress(struct compressor *c, const void *in, size_t *in_size, void *to, size_t *to_size,
                                  enum flush flush) {
    int wrong = !c;
    if (c) {
        c->in = c->source = in;
        c->in_size = in_size;
        c->to = to;
        c->to_size = to_size;
        c->source_left = in_size ? *in_size : 0;
        c->to_at = 0;
        c->flush = flush;
        wrong = !!c->put == (to || to_size) || c->status != OKAY || (c->finishing && flush != FINISH) ||
                (in_size && *in_size && !in) || (to_size && *to_size && !to);
    }
    if (wrong) {
        if (in_size)
            *in_size = 0;
        if (to_size)
            *to_size = 0;
        if (c)
            c->status = BAD_PARAMETER;
        return BAD_PARAMETER;
    }
    c->finishing |= flush == FINISH;
    if (c->held || c->finished)
        return c->status = hand_out(c);
    if (!compress(c))
        return c->status;
    if ((c->flags & (ZLIB_HEADER | ADLER32)) && in)
        c->adler32 = mz_adler32(c->adler32, in, c->source - c->in);
    if (flush && !c->ahead && !c->source_left && !c->held) {
        if (end_block(c, flush) < 0)
            return c->status;
        c->finished = flush == FINISH;
        if (flush == FULL_FLUSH) {
            rom_memset(c->hash, 0, sizeof c->hash);
            rom_memset(c->next, 0, sizeof c->next);
            c->known = 0;
        }
    }
    return c->status = hand_out(c);
}
ENTRY(tdefl_compress, 0x400007b0);

static enum status tdefl_compress_buffer(struct compressor *c, const void *in, size_t in_size, enum flush flush) {
    return tdefl_compress(c, in, &in_size, 0, 0, flush);
}
ENTRY(tdefl_compress_buffer, 0x400007bc);

static enum status tdefl_init(struct compressor *c, int (*put)(const void *, int, void *), void *user, uint32_t flags) {
    rom_memset(c, 0, offsetof(struct compressor, window));
    c->put = put;
    c->user = user;
    c->flags = flags;
    c->probes[0] = 1 + ((flags & PROBES) + 2) / 3;
    c->probes[1] = 1 + (((flags & PROBES) >> 2) + 2) / 3;
    c->greedy = !!(flags & GREEDY);
    c->adler32 = 1;
    c->out = c->out_end = c->output;
    if (!(flags & NONDETERMINISTIC))
        rom_memset(c->hash, 0, sizeof c->hash);
    begin_block(c);
    return OKAY;
}
ENTRY(tdefl_init, 0x40000804);

static enum status tdefl_get_prev_return_status(const struct compressor *c) { return c->status; }
ENTRY(tdefl_get_prev_return_status, 0x400007f8);

static uint32_t tdefl_get_adler32(const struct compressor *c) { return c->adler32; }
ENTRY(tdefl_get_adler32, 0x400007ec);
