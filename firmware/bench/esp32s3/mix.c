/* A mix of what small firmware does all day, in the way of well-known processor benchmarks but our own: a linked list
 * that is sorted and searched, a matrix product, a state machine that reads numbers, and a CRC over all results.
 *
 * `mix_rounds` grows by one each round; `mix_crc` is the CRC of the round, which must be the same every time:
 * 0 before the first round, and `mix_wrong` counts the rounds that gave another value than the first.
 */
#include "runtime.h"

#define NODES 64
#define SIDE 12

volatile uint32_t mix_rounds, mix_crc, mix_wrong;

struct node {
    struct node *next;
    int16_t key;
    uint16_t data;
};

static struct node nodes[NODES];
static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
static int32_t product[SIDE][SIDE];

static uint32_t random_state;
static uint32_t random_next(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

/* CRC-16/ARC, bit by bit. */
static uint32_t crc_byte(uint32_t crc, uint32_t byte) {
    crc ^= byte & 0xff;
    for (int bit = 0; bit < 8; bit++)
        crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
    return crc;
}
static uint32_t crc_word(uint32_t crc, uint32_t word) {
    for (int byte = 0; byte < 4; byte++, word >>= 8)
        crc = crc_byte(crc, word);
    return crc;
}

/* Merge sort of the list, from runs of 1 up. */
static struct node *sort(struct node *list) {
    for (int run = 1;; run *= 2) {
        struct node *rest = list, *tail = 0;
        int merges = 0;
        list = 0;
        while (rest) {
            merges++;
            struct node *left = rest, *right = rest;
            int lefts = 0, rights = run;
            for (; lefts < run && right; lefts++)
                right = right->next;
            while (lefts || (rights && right)) {
                struct node *take;
                if (lefts && (!rights || !right || left->key <= right->key)) {
                    take = left;
                    left = left->next;
                    lefts--;
                } else {
                    take = right;
                    right = right->next;
                    rights--;
                }
                if (tail)
                    tail->next = take;
                else
                    list = take;
                tail = take;
            }
            rest = right;
        }
        tail->next = 0;
        if (merges <= 1)
            return list;
    }
}

static uint32_t list_work(uint32_t crc) {
    for (int n = 0; n < NODES; n++) {
        nodes[n].key = (int16_t)random_next();
        nodes[n].data = (uint16_t)n;
        nodes[n].next = n + 1 < NODES ? &nodes[n + 1] : 0;
    }
    struct node *list = sort(nodes);
    for (int16_t key = -8; key < 8; key++) {
        struct node *found = list;
        while (found && found->key < key * 4096)
            found = found->next;
        crc = crc_word(crc, found ? found->data : 0xffff);
    }
    struct node *reversed = 0;
    while (list) {
        struct node *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return crc_word(crc, (uint16_t)reversed->key);
}

static uint32_t matrix_work(uint32_t crc) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (int16_t)(random_next() & 0xff);
            b[i][j] = (int16_t)(random_next() & 0xff) - 128;
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIDE; k++)
                sum += a[i][k] * b[k][j];
            product[i][j] = sum;
        }
    for (int i = 0; i < SIDE; i++)
        crc = crc_word(crc, (uint32_t)product[i][SIDE - 1 - i]);
    return crc;
}

enum state { START, SIGN, INTEGER, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS, INVALID, STATES };

static enum state step(enum state state, char c) {
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START:
        return digit ? INTEGER : c == '-' || c == '+' ? SIGN : c == '.' ? FRACTION : INVALID;
    case SIGN:
        return digit ? INTEGER : c == '.' ? FRACTION : INVALID;
    case INTEGER:
        return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case FRACTION:
        return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT:
        return digit ? EXPONENT_DIGITS : c == '-' || c == '+' ? EXPONENT_SIGN : INVALID;
    case EXPONENT_SIGN:
    case EXPONENT_DIGITS:
        return digit ? EXPONENT_DIGITS : INVALID;
    default:
        return INVALID;
    }
}

static uint32_t state_work(uint32_t crc) {
    static const char text[] = "5012,+8.25e-3,-127,.5,1e9,7x2,--3,0.0625,12e,+e2,1234567,3.14159e0,";
    uint32_t visits[STATES] = {0};
    for (int round = 0; round < 4; round++) {
        enum state state = START;
        for (const char *c = text; *c; c++) {
            if (*c == ',') {
                visits[state]++;
                state = START;
            } else {
                state = step(state, *c);
            }
        }
    }
    for (int state = 0; state < STATES; state++)
        crc = crc_word(crc, visits[state]);
    return crc;
}

int main(void) {
    clocks_init();
    for (;;) {
        random_state = 2026;
        uint32_t crc = state_work(matrix_work(list_work(0xffff)));
        if (mix_rounds && crc != mix_crc)
            mix_wrong++;
        mix_crc = crc;
        mix_rounds++;
    }
}
