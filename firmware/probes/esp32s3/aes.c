/* AES: one block by the CPU, both key lengths and directions; modes of operation by GDMA, with the interrupt. */
#include "drivers/drivers.h"
#include "aes.h"
#include "probe.h"

#define SOURCE_AES 77
#define LINE 0

/* FIPS 197, appendix C: keys and texts count up. */
static uint8_t counting[32], text[16];
static uint8_t in[64] __attribute__((aligned(4))), out[64] __attribute__((aligned(4)));

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
    WAIT_UNTIL(AES_STATE == AES_IDLE, 100);
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
    put(&AES_KEY(0), key_128, 16);
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
    WAIT_UNTIL(AES_STATE == AES_DONE, 100);
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
