/* AES: one block by the CPU, both key lengths and directions; modes of operation by GDMA, with the interrupt. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/aes.h"

enum { ENCRYPT_128 = 0, ENCRYPT_256 = 2, DECRYPT_128 = 4, DECRYPT_256 = 6 };
enum { ECB, CBC, OFB, CTR, CFB8, CFB128 };
enum { IDLE, WORK, DONE };
#define SOURCE_AES 77
#define LINE 0

/* FIPS 197, appendix C: keys and texts count up. */
static uint8_t counting[32], text[16];
/* NIST SP 800-38A, appendix F: the key and the four blocks. */
static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
static const uint8_t plain[64] __attribute__((aligned(4))) = {
    0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
    0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51,
    0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4, 0x11, 0xe5, 0xfb, 0xc1, 0x19, 0x1a, 0x0a, 0x52, 0xef,
    0xf6, 0x9f, 0x24, 0x45, 0xdf, 0x4f, 0x9b, 0x17, 0xad, 0x2b, 0x41, 0x7b, 0xe6, 0x6c, 0x37, 0x10};
static uint8_t in[64] __attribute__((aligned(4))), out[64] __attribute__((aligned(4)));

static uint32_t word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put(volatile uint32_t *to, const uint8_t *bytes, uint32_t count) {
    for (uint32_t n = 0; n < count; n += 4) {
        uint32_t value;
        memcpy(&value, bytes + n, 4);
        to[n / 4] = value;
    }
}

static void get(uint8_t *bytes, volatile uint32_t *from) {
    for (uint32_t n = 0; n < 16; n += 4) {
        uint32_t value = from[n / 4];
        memcpy(bytes + n, &value, 4);
    }
}

static void block(uint32_t mode, const uint8_t *with, uint32_t key_bytes, const uint8_t *from) {
    AES_MODE = mode;
    put(&AES_KEY(0), with, key_bytes);
    put(&AES_TEXT_IN(0), from, 16);
    AES_TRIGGER = 1;
    WAIT_UNTIL(AES_STATE == IDLE, 100);
    get(out, &AES_TEXT_OUT(0));
}

static volatile uint32_t irqs;
static void on_end(void *unused) {
    (void)unused;
    irqs++;
    AES_INT_CLR = 1;
}

/* The vector is 000102..0f, or f0f1..ff for CTR. */
static void blocks(uint32_t direction, uint32_t block_mode, const uint8_t *from) {
    static struct dma_descriptor to_aes[1], from_aes[1];
    uint8_t vector[16];
    for (uint32_t n = 0; n < 16; n++)
        vector[n] = (uint8_t)(n + (block_mode == CTR ? 0xf0 : 0));
    memset(out, 0, sizeof out);
    AES_MODE = direction;
    put(&AES_KEY(0), key, 16);
    put(&AES_IV_MEM(0), vector, 16);
    AES_DMA_ENABLE = 1;
    AES_BLOCK_MODE = block_mode;
    AES_BLOCK_NUM = 4;
    AES_INC_SEL = 1; /* the counter has 128 bits */
    AES_INT_ENA = 1;
    dma_describe(to_aes, 1, from, 64, 0);
    dma_describe(from_aes, 1, out, 64, 1);
    dma_in_start(0, DMA_AES, from_aes);
    dma_out_start(0, DMA_AES, to_aes);
    AES_TRIGGER = 1;
    WAIT_UNTIL(AES_STATE == DONE, 100);
    AES_DMA_EXIT = 1;
    AES_DMA_ENABLE = 0;
}

static void probes(void) {
    peripheral_on(PERIP_AES);
    dma_init();
    for (uint32_t n = 0; n < 32; n++)
        counting[n] = (uint8_t)n;
    for (uint32_t n = 0; n < 16; n++)
        text[n] = (uint8_t)(n * 0x11);

    block(ENCRYPT_128, counting, 16, text);
    probe(1, word(out));
    probe(2, word(out + 12));
    memcpy(in, out, 16);
    block(DECRYPT_128, counting, 16, in);
    probe(3, memcmp(out, text, 16) == 0);
    block(ENCRYPT_256, counting, 32, text);
    probe(4, word(out));
    probe(5, word(out + 12));
    memcpy(in, out, 16);
    block(DECRYPT_256, counting, 32, in);
    probe(6, memcmp(out, text, 16) == 0);

    interrupt_route(0, SOURCE_AES, LINE);
    interrupt_handler(LINE, on_end, 0);
    interrupt_enable(LINE);
    for (uint32_t mode = ECB; mode <= CFB128; mode++) {
        blocks(ENCRYPT_128, mode, plain);
        probe(10 + 2 * mode, word(out));
        probe(11 + 2 * mode, word(out + 60));
        if (mode != CBC)
            continue;
        memcpy(in, out, 64);
        blocks(DECRYPT_128, CBC, in);
        probe(22, memcmp(out, plain, 64) == 0);
    }
    probe(23, irqs);
    probe(24, AES_STATE);
}
