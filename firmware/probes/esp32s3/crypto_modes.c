/* AES and SHA in the ways that aes.c and sha.c leave out: back by GDMA in each mode, AES-256 by GDMA, a counter of 32 bits
 * that runs over, a message in two goes; every hash by GDMA, SHA-512/t, a hash that is taken up again, interrupts. */
#include "drivers/drivers.h"
#include "aes.h"
#include "probe.h"
#include "reg/sha.h"

enum { SHA1, SHA224, SHA256, SHA384, SHA512, SHA512_224, SHA512_256, SHA512_T };
#define SOURCE_SHA 78
#define LINE 0

/* NIST SP 800-38A, appendix F: the key of 256 bits. */
static const uint8_t key_256[32] = {0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
                                    0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4};
static uint8_t there[64] __attribute__((aligned(4))), back[64] __attribute__((aligned(4)));

/* `blocks` blocks with the vector that IV_MEM holds. */
static void go_on(uint32_t direction, uint32_t mode, const uint8_t *from, uint8_t *to, uint32_t blocks) {
    static struct dma_descriptor out[1], in[1];
    put(&AES_KEY(0), direction & 2 ? key_256 : key_128, direction & 2 ? 32 : 16);
    AES_MODE = direction;
    AES_DMA_ENABLE = 1;
    AES_BLOCK_MODE = mode;
    AES_BLOCK_NUM = blocks;
    dma_describe(out, 1, from, 16 * blocks, 0);
    dma_describe(in, 1, to, 16 * blocks, 1);
    dma_in_start(0, DMA_AES, in);
    dma_out_start(0, DMA_AES, out);
    AES_TRIGGER = 1;
    WAIT_UNTIL(AES_STATE == AES_DONE, 100);
    AES_DMA_EXIT = 1;
    AES_DMA_ENABLE = 0;
}

/* The vector: 00 01 .. 0f, or f0 .. ff for CTR. */
static void vector(uint32_t mode) {
    uint8_t bytes[16];
    for (uint32_t n = 0; n < 16; n++)
        bytes[n] = (uint8_t)(n + (mode == CTR ? 0xf0 : 0));
    put(&AES_IV_MEM(0), bytes, 16);
}

static void aes(void) {
    static const uint8_t modes[] = {ECB, CBC, OFB, CTR, CFB8, CFB128};
    AES_INC_SEL = 1;
    for (uint32_t n = 0; n < sizeof modes; n++) {
        memset(there, 0, 64);
        memset(back, 0, 64);
        vector(modes[n]);
        go_on(ENCRYPT_256, modes[n], plain, there, 4);
        probe(1 + 2 * n, word(there + 60));
        vector(modes[n]);
        go_on(DECRYPT_256, modes[n], there, back, 4);
        probe(2 + 2 * n, memcmp(back, plain, 64) == 0);
    }
    /* In two goes: the vector that is left is the next one. */
    uint32_t same = 0;
    for (uint32_t n = 0; n < sizeof modes; n++) {
        vector(modes[n]);
        go_on(ENCRYPT_128, modes[n], plain, there, 4);
        vector(modes[n]);
        go_on(ENCRYPT_128, modes[n], plain, back, 1);
        go_on(ENCRYPT_128, modes[n], plain + 16, back + 16, 3);
        same += memcmp(there, back, 64) == 0;
    }
    probe(13, same);
    /* A counter of 32 bits goes from its end to 0 and carries nothing over: the same as the counter that begins so. */
    static uint8_t counter[16] = {[11] = 7, [12] = 0xff, [13] = 0xff, [14] = 0xff, [15] = 0xff}, zero[16] = {[11] = 7};
    for (uint32_t bits_128 = 0; bits_128 < 2; bits_128++) {
        AES_INC_SEL = bits_128;
        put(&AES_IV_MEM(0), counter, 16);
        go_on(ENCRYPT_128, CTR, plain, there, 2);
        zero[11] = (uint8_t)(7 + bits_128);
        put(&AES_IV_MEM(0), zero, 16);
        go_on(ENCRYPT_128, CTR, plain + 16, back, 1);
        probe(14 + bits_128, memcmp(there + 16, back, 16) == 0);
    }
}

static uint8_t message[256] __attribute__((aligned(4)));
static struct dma_descriptor chain[1];
static volatile uint32_t irqs;
static void on_hash(void *unused) {
    (void)unused;
    irqs++;
    SHA_CLEAR_IRQ = 1;
}

static uint32_t digest(uint32_t n) {
    uint32_t value = SHA_H_MEM(n);
    return value << 24 | (value & 0xff00) << 8 | (value >> 8 & 0xff00) | value >> 24;
}

static void by_dma(uint32_t mode, const uint8_t *data, uint32_t bytes, uint32_t block, uint32_t first) {
    dma_describe(chain, 1, data, bytes, 0);
    dma_out_start(0, DMA_SHA, chain);
    SHA_MODE = mode;
    SHA_DMA_BLOCK_NUM = bytes / block;
    *(first ? &SHA_DMA_START : &SHA_DMA_CONTINUE) = 1;
    WAIT_UNTIL(!(SHA_BUSY & SHA_BUSY_STATE), 100);
}

/* "abc", padded to one block. */
static void abc(uint32_t mode) {
    uint32_t block = mode <= SHA256 ? 64 : 128;
    memset(message, 0, sizeof message);
    memcpy(message, "abc\x80", 4);
    message[block - 1] = 24;
    by_dma(mode, message, block, block, 1);
}

static void sha(void) {
    interrupt_route(0, SOURCE_SHA, LINE);
    interrupt_handler(LINE, on_hash, 0);
    interrupt_enable(LINE);
    SHA_IRQ_ENA = 1;
    static const uint8_t last[] = {4, 6, 7, 11, 15, 6, 7};
    for (uint32_t mode = SHA1; mode <= SHA512_256; mode++) {
        abc(mode);
        probe(20 + 2 * mode, digest(0));
        probe(21 + 2 * mode, digest(last[mode]));
    }
    delay_us(1);
    probe(34, irqs);
    SHA_IRQ_ENA = 0;

    /* SHA-512/t with t = 224 begins as SHA-512/224 does: ESP-IDF's esp_sha_512_t_init_hash. */
    SHA_MODE = SHA512_T;
    SHA_T_STRING = 0x32323480;
    SHA_T_LENGTH = 0x58;
    SHA_START = 1;
    WAIT_UNTIL(!(SHA_BUSY & SHA_BUSY_STATE), 100);
    probe(35, digest(0));

    /* The two-block message of FIPS 180-2, taken up again after another hash: H_MEM is written back. */
    static const char letters[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    uint32_t kept[8];
    memset(message, 0, sizeof message);
    memcpy(message, letters, 56);
    message[56] = 0x80;
    message[126] = 448 >> 8;
    message[127] = 448 & 0xff;
    by_dma(SHA256, message, 64, 64, 1);
    for (uint32_t n = 0; n < 8; n++)
        kept[n] = SHA_H_MEM(n);
    by_dma(SHA1, message, 64, 64, 1);
    for (uint32_t n = 0; n < 8; n++)
        SHA_H_MEM(n) = kept[n];
    by_dma(SHA256, message + 64, 64, 64, 0);
    probe(36, digest(0));
    probe(37, digest(7));
}

static void probes(void) {
    peripheral_on(PERIP_AES);
    peripheral_on(PERIP_SHA);
    dma_init();
    aes();
    sha();
}
